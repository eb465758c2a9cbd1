"""Heads: parts of the features that attend by themselves (Vaswani 2017, 3.2.2)."""

from __future__ import annotations

from s2sgraph.graph.composed import linear
from s2sgraph.graph.ops import total
from s2sgraph.graph.types import ShapeError
from s2sgraph.graph.values import Value


def per_head(heads: int, size: int) -> tuple[int, int]:
    """How many heads there are and how many features each has; ShapeError if the size is no multiple."""
    if size % heads:
        raise ShapeError(f"{size} features are not a multiple of {heads} heads")
    return heads, size // heads


def heads_of(
    name: str, x: Value, split: tuple[int, int], *, bias: bool, into: str = "key"
) -> Value:
    """The product of x with a weight for each head: `[…, head, key]`, stored [head key, in]."""
    heads, features = split
    return linear(name, x, bias=f"{name}_bias" if bias else None, head=heads, **{into: features})


def merged_heads(name: str, x: Value, size: int, *, bias: bool) -> Value:
    """The product of what all heads found, `[…, head, value]`, with a weight: `[…, feature]`."""
    return linear(
        name, x, over=("head", "value"), bias=f"{name}_bias" if bias else None, feature=size
    )


def mean_over_heads(weights: Value) -> Value:
    """Weights `[…, head, over]` as the mean over the heads."""
    return total(weights, over="head") * (1 / weights.number("head"))
