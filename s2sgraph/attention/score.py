"""What all attention scores share."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.memory import Memory
from s2sgraph.graph.values import Value
from s2sgraph.spec.kinds import Kind


class Score(Kind, family="score"):
    """How well a query fits each place of the memory.

    Attributes:
        headed: True where several heads may share the score, each on its part of the features.
        scaled: True where the score of a head is divided by the square root of its size.
        covering: True where the score has room for coverage.
    """

    headed: ClassVar[bool] = False
    scaled: ClassVar[bool] = False
    covering: ClassVar[bool] = False

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query `[…, feature]` fits each place: `[…, source]`.

        `covered` is the sum of past weights, `[…, source]`, for scores that have room for it.
        """
        raise TypeError(f"{type(self).__name__} compares nothing")

    def reached(self, memory: Memory) -> Value | None:
        """The places that can get any weight, `bool[source]`; None for all."""
        return None
