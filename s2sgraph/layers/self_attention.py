"""Self-attention."""

from __future__ import annotations

from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.settings import Rate, Size


class SelfAttention(ResidualLayer, kind="self_attention", main="heads"):
    """Several heads of scaled dot attention over the chain's own places (Vaswani 2017).

    A decoder sees its own place and those before.

    Attributes:
        heads: number of heads, which divides the size.
        size: features of query, key and value of all heads together; by default of the input.
        bias: whether the four products have a bias.
        attention_dropout: rate on the weights.
    """

    heads: Size = 8
    size: Size | None = None
    bias: bool = True
    attention_dropout: Rate = 0.0
