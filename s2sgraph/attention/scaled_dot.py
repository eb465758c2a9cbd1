"""Scaled dot score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.ops import dot
from s2sgraph.graph.values import Value


class ScaledDot(Score, kind="scaled_dot"):
    """`s . h_j / sqrt(d)` (Vaswani 2017); with heads, d is the size of one head."""

    headed: ClassVar[bool] = True
    scaled: ClassVar[bool] = True

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        return dot(query * query.number("feature") ** -0.5, memory.values, over=("feature",))
