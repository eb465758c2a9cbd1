"""Settings of layers that can be wrapped in a residual connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s2sgraph.graph.composed import dropped, layer_norm, rms_norm
from s2sgraph.graph.ops import add
from s2sgraph.graph.types import ShapeError
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Norm, Problem, Rate, Residual, rule


class ResidualLayer(Layer):
    """A layer with dropout and, if asked for, a residual connection.

    Attributes:
        dropout: rate on the output, before it is added.
        residual: true: `x + f(x)`; `pre`: `x + f(norm(x))`; `post`: `norm(x + f(x))`, where x is
            what the layer reads from the item before it.
        norm: the normalisation of `pre` and `post`.
    """

    dropout: Rate = 0.0
    residual: Residual = False
    norm: Norm = "layer_norm"

    @rule("residual", "norm")
    def _norm_is_used(self) -> Iterator[Problem]:
        if self.norm != "layer_norm" and self.residual not in ("pre", "post"):
            message = "norm is for residual pre or post, which is not set"
            yield Problem(("norm",), message, "write residual: pre, or remove norm", at_key=True)

    def wrapped(self, context: Context, function: Callable[[Context], Value]) -> Value:
        """A function of what is read, with dropout, and around it the residual connection.

        ShapeError if the item before is not read, or has another number of features.
        """
        if not self.residual:
            return dropped(function(context), self.dropout)
        if context.below is None:
            raise ShapeError(
                "a residual connection needs the item before, but `from` does not name it"
            )
        below = context.inputs[context.below]
        inner = context.over_below(self._normed(below)) if self.residual == "pre" else context
        result = dropped(function(inner), self.dropout)
        if result.size("feature") != below.size("feature"):
            raise ShapeError(
                "a residual connection adds equals, but the layer has "
                f"{result.size('feature')} features and what is below it {below.size('feature')}"
            )
        result = add(below, result)
        return self._normed(result) if self.residual == "post" else result

    def _normed(self, x: Value) -> Value:
        return layer_norm("norm", x) if self.norm == "layer_norm" else rms_norm("norm", x)
