"""Dot score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.ops import dot
from s2sgraph.graph.values import Value


class Dot(Score, kind="dot"):
    """`s . h_j` (Luong 2015)."""

    headed: ClassVar[bool] = True

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        return dot(query, memory.values, over=("feature",))
