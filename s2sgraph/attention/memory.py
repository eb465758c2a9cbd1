"""Memories: what a decoder attends to."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.loops import spread
from s2sgraph.graph.ops import div, dot, less, maximum, number, select, take
from s2sgraph.graph.values import Value


@dataclass(frozen=True)
class Memory:
    """What can be attended to: all places of an encoder.

    Attributes:
        values: `[batch, AXIS, feature]`, AXIS being `axis`.
        mask: `bool[batch, AXIS]`, false behind a sentence's end.
        length: `int[batch]`, each sentence's own length.
    """

    values: Value
    mask: Value
    length: Value
    axis: str

    def mean(self) -> Value:
        """The mean over each sentence's own places, zero where none is: `[batch, feature]`."""
        share = div(number(self.mask), spread(maximum(number(self.length), 1.0), self.mask.type))
        return dot(share, self.values, over=(self.axis,))

    def last(self) -> Value:
        """The values at each sentence's last own place, zero where none is: `[batch, feature]`."""
        found = take(self.values, maximum(self.length - 1, 0), over=self.axis)
        return select(less(0, self.length), found, 0.0)
