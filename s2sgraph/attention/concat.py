"""Concat score."""

from __future__ import annotations

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.composed import glorot, linear, vector
from s2sgraph.graph.ops import add, dot, outer, tanh
from s2sgraph.graph.values import Value
from s2sgraph.spec.settings import Size


class Concat(Score, kind="concat"):
    """`v . tanh(W [s ; h_j])`, without bias (Luong 2015).

    Attributes:
        size: rows of W; by default the size of the query.
    """

    size: Size | None = None

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        size = self.size or query.number("feature")
        parts = linear("query", query, unit=size), linear("key", memory.values, unit=size)
        return dot(
            tanh(outer(add, *parts)), vector("score", glorot(size, 1), unit=size), over=("unit",)
        )
