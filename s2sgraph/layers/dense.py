"""Dense layer."""

from __future__ import annotations

from typing import Literal

from s2sgraph.graph.composed import activate, linear
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Activation, Size, Start, ZeroStart


class Dense(Layer, kind="dense", main="size"):
    """`activation(W x + b)`, at each place.

    Attributes:
        size: features of the result.
        activation: `maxout` takes the larger of two products (Goodfellow 2013).
        bias: whether there is b.
        start: the result before the first step, for `prev.`.
    """

    size: Size
    activation: Activation | Literal["maxout"] = "none"
    bias: bool = True
    start: Start = ZeroStart()

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return self.size

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        size = self.size * 2 if self.activation == "maxout" else self.size
        y = linear("weight", context.x, bias="bias" if self.bias else None, feature=size)
        return Parts(activate(self.activation, y))
