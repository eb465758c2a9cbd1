"""Sum of values."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.graph.loops import spread
from s2sgraph.graph.ops import add
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer


class Add(Layer, kind="add", main="from"):
    """The sum of all inputs, which have one size."""

    weighted: ClassVar[bool] = False

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sizes.inputs[0]

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        widest = max(context.inputs, key=lambda value: len(value.axes))
        first, *rest = (spread(value, widest.type) for value in context.inputs)
        for value in rest:
            first = add(first, value)
        return Parts(first)
