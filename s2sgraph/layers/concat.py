"""Concatenation of values."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer


class Concat(Layer, kind="concat", main="from"):
    """The features of all inputs, one after the other."""

    weighted: ClassVar[bool] = False

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        return Parts(context.x)
