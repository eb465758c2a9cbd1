"""Counts: whole numbers, of the run or of the file, as operations take them."""

from __future__ import annotations

from s2sgraph.graph.loops import filled
from s2sgraph.graph.ops import const, expand
from s2sgraph.graph.values import Value
from s2sgraph.search.settings import Number


def whole(x: Number) -> Value:
    """A whole number as a value."""
    return x if isinstance(x, Value) else const(value=int(x), dtype="int")


def alone(count: Number) -> Value:
    """A whole number along an axis of size 1, as `top` takes it."""
    return expand(whole(count), filled((("one", 1),)), axes=("one",))
