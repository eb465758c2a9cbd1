"""Location score."""

from __future__ import annotations

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.composed import linear
from s2sgraph.graph.ops import less, minimum, places, take
from s2sgraph.graph.values import Value
from s2sgraph.spec.settings import Size


class Location(Score, kind="location"):
    """`softmax(W s)` over positions, whatever the memory holds there (Luong 2015).

    Attributes:
        positions: rows of W; places of the source after the last get no weight.
    """

    positions: Size = 512

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        scores = linear("weight", query, position=self.positions)
        place = places(memory.values, over=memory.axis)
        return take(scores, minimum(place, self.positions - 1), over="position")

    def reached(self, memory: Memory) -> Value:
        """The places that W has rows for."""
        return less(places(memory.values, over=memory.axis), self.positions)
