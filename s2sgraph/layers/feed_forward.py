"""Feed-forward layer."""

from __future__ import annotations

from typing import Literal

from s2sgraph.graph.composed import activate, dropped, linear
from s2sgraph.graph.ops import mul
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.settings import Rate, Size

GATES = {"glu": "sigmoid", "geglu": "gelu", "swiglu": "swish"}
"""The activation of the half that lets the other through."""


class FeedForward(ResidualLayer, kind="feed_forward", main="size"):
    """`W2 activation(W1 x + b1) + b2`, back to the size of the input (Vaswani 2017).

    Attributes:
        size: features between the two products.
        activation: relu, gelu or swish; or one of the gated `glu`, `geglu`, `swiglu`, which
            multiply by a third product (Shazeer 2020).
        bias: whether there are b1 and b2.
        activation_dropout: rate between the two products.
    """

    size: Size
    activation: Literal["relu", "gelu", "swish", "glu", "geglu", "swiglu"] = "relu"
    bias: bool = True
    activation_dropout: Rate = 0.0

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        return Parts(self.wrapped(context, self._both))

    def _both(self, context: Context) -> Value:
        x = context.x
        y = activate(GATES.get(self.activation, self.activation), self._up("up", x))
        if self.activation in GATES:
            y = mul(y, self._up("gate", x))
        y = dropped(y, self.activation_dropout)
        bias = "down_bias" if self.bias else None
        return linear("down", y, over=("unit",), bias=bias, feature=x.number("feature"))

    def _up(self, name: str, x: Value) -> Value:
        return linear(name, x, bias=f"{name}_bias" if self.bias else None, unit=self.size)
