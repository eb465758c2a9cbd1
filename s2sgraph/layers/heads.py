"""Heads: parts of the features that attend by themselves (Vaswani 2017, 3.2.2)."""

from __future__ import annotations

from typing import Literal

from s2sgraph.graph.composed import linear
from s2sgraph.graph.ops import total
from s2sgraph.graph.types import ShapeError
from s2sgraph.graph.values import Value


def per_head(heads: int, size: int) -> tuple[int, int]:
    """How many heads there are, and how many features each has.

    ShapeError if the heads do not divide the size.
    """
    if size % heads:
        raise ShapeError(f"{size} features are not a multiple of {heads} heads")
    return heads, size // heads


def heads_of(
    name: str,
    x: Value,
    split: tuple[int, int],
    *,
    bias: bool,
    into: Literal["key", "value"] = "key",
) -> Value:
    """The product of x with a weight for each head: `[…, head, key]`, stored `[head key, in]`."""
    heads, features = split
    added = f"{name}_bias" if bias else None
    if into == "value":
        return linear(name, x, bias=added, head=heads, value=features)
    return linear(name, x, bias=added, head=heads, key=features)


def merged_heads(name: str, x: Value, size: int, *, bias: bool) -> Value:
    """The product of what all heads found, `[…, head, value]`, with a weight: `[…, feature]`."""
    added = f"{name}_bias" if bias else None
    return linear(name, x, over=("head", "value"), bias=added, feature=size)


def mean_over_heads(weights: Value) -> Value:
    """The mean over the heads of weights `[…, head, source]`: `[…, source]`."""
    return total(weights, over="head") * (1 / weights.number("head"))
