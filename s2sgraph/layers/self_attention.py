"""Self-attention."""

from __future__ import annotations

from s2sgraph.graph.composed import attend
from s2sgraph.graph.loops import remember
from s2sgraph.graph.ops import rename
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.layers.heads import heads_of, merged_heads, per_head
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

    def width(self, sizes: Widths) -> int:
        """Features of the output: those of the input."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""

        def attended(c: Context) -> Value:
            x = c.x
            size = self.size or x.number("feature")
            split = per_head(self.heads, size)
            query = heads_of("query", x, split, bias=self.bias)
            keys = heads_of("key", x, split, bias=self.bias)
            values = heads_of("value", x, split, bias=self.bias, into="value")
            if c.mask is not None:
                keys, values, mask = (rename(v, **{c.over: "peer"}) for v in (keys, values, c.mask))
                result, _ = attend(
                    query, keys, values, mask, over="peer", rate=self.attention_dropout
                )
            else:
                causal = c.over if c.over in x.axes else ""
                keys, values = remember(keys, over=c.over), remember(values, over=c.over)
                result, _ = attend(
                    query,
                    keys,
                    values,
                    None,
                    over="past",
                    causal=causal,
                    rate=self.attention_dropout,
                )
            return merged_heads("out", result, x.number("feature"), bias=self.bias)

        return Parts(self.wrapped(context, attended))
