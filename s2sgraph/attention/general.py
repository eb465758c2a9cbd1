"""General score."""

from __future__ import annotations

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.composed import ONES, linear, vector
from s2sgraph.graph.ops import dot
from s2sgraph.graph.values import Value


class General(Score, kind="general"):
    """`s^T W h_j`, without bias (Luong 2015).

    Attributes:
        scale: `g * s^T W h_j` with a learned number g that starts at 1.
    """

    scale: bool = False

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        keys = linear("key", memory.values, feature=query.number("feature"))
        scores = dot(query, keys, over=("feature",))
        return scores * vector("scale", ONES) if self.scale else scores
