"""Feed-forward layer."""

from __future__ import annotations

from typing import Literal

from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.settings import Rate, Size


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
