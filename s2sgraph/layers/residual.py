"""Settings of layers that can be wrapped in a residual connection."""

from __future__ import annotations

from collections.abc import Iterator

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
