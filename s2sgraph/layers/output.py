"""Output layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from s2sgraph.graph import trace
from s2sgraph.graph.composed import ZEROS, linear, vector
from s2sgraph.graph.ops import dot, exp, maximum, minimum, take
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Reference, rule

FARTHEST = 20.0
"""The logarithm of a deviation stays within this, so that no deviation is zero or without end."""


class Output(Layer, kind="output"):
    """From the last values of a step to the scores of all symbols, or to a frame of features.

    Attributes:
        tied: the embedding whose table is the weight.
        bias: whether the product has a bias.
        kind: for features, `linear` gives the frame and `gaussian` its mean and variance;
            `auto` is scores for tokens and `linear` for features.
        loss: of a linear frame: squared or absolute error.
    """

    tied: Reference | None = None
    bias: bool = True
    kind: Literal["auto", "linear", "gaussian"] = "auto"
    loss: Literal["mse", "mae"] = "mse"

    @rule("kind", "loss")
    def _one_loss(self) -> Iterator[Problem]:
        if self.kind == "gaussian" and self.loss != "mse":
            message = "a gaussian output has a loss of its own, its likelihood"
            yield Problem(("loss",), message, "remove loss", at_key=True)

    def width(self, sizes: Widths) -> int:
        """Symbols of the target, or features of a frame."""
        return sizes.side

    def build(self, context: Context) -> Parts:
        """Trace the layer: scores `[…, symbol]`, or a frame `[…, feature]` and its `deviation`."""
        if context.tokens:
            return Parts(self._scores(context))
        bias = "bias" if self.bias else None
        frame = linear("weight", context.x, bias=bias, feature=context.size)
        if self.kind != "gaussian":
            return Parts(frame)
        logarithm = linear("deviation", context.x, bias="deviation_bias", feature=context.size)
        within = minimum(maximum(logarithm, -FARTHEST), FARTHEST)
        return Parts(frame, {"deviation": exp(within)})

    def _scores(self, context: Context) -> Value:
        if context.shortlist is not None:
            return self._listed(context, context.shortlist)
        bias = "bias" if self.bias else None
        if self.tied is None:
            return linear("weight", context.x, bias=bias, symbol=context.size)
        x, table = context.x, self._table(context)
        y = dot(x, table, over=("feature",))
        return y + vector("bias", ZEROS, symbol=context.size) if self.bias else y

    def _listed(self, context: Context, symbols: Value) -> Value:
        """The scores of some symbols, by a product with their rows of the weight alone."""
        rows = take(self._table(context), symbols, over="symbol")
        y = dot(context.x, rows, over=("feature",))
        if not self.bias:
            return y
        return y + take(vector("bias", ZEROS, symbol=context.size), symbols, over="symbol")

    def _table(self, context: Context) -> Value:
        """The weight, `[symbol, feature]`: the layer's own, or that of the embedding."""
        x = context.x
        dims = (("symbol", context.size), ("feature", x.number("feature")))
        if self.tied is None:
            return weight("weight", Type("float", dims))
        with trace.at(context.tied(self.tied)):
            table = weight("weight", Type("float", dims))
        if table.size("feature") != x.size("feature"):
            raise ShapeError(
                f"what is below has {x.size('feature')} features, the vectors of {self.tied} "
                f"have {table.size('feature')}; put a dense of that size between"
            )
        return table
