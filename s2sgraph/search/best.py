"""The best of many symbols: where there are thousands, first in chunks, and then within one.

To find the greatest of a chunk is quick everywhere; to find where it is, or to sort, is not.
"""

from __future__ import annotations

from s2sgraph.graph.ops import (
    argmax,
    floordiv,
    greatest,
    merge,
    minimum,
    mod,
    take,
    top,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.chunks import chunked, even, unchunked
from s2sgraph.search.counts import alone

MANY, VERY_MANY = 4096, 16384
"""Symbols from which on chunks pay: to find the greatest, and to find several."""


def best(x: Value) -> tuple[Value, Value]:
    """The place of the greatest along `symbol`, and what it is: `[…]`. Of equals, the first."""
    parts = _chunks(x, MANY)
    if parts is None:
        return argmax(x, over="symbol"), greatest(x, over="symbol")
    peaks = greatest(parts, over="place")
    chunk = argmax(peaks, over="chunk")
    place = argmax(take(parts, chunk, over="chunk"), over="place")
    return unchunked(chunk, place, parts.number("place")), greatest(peaks, over="chunk")


def best_of_each(x: Value, count: Value) -> tuple[Value, Value]:
    """The greatest along `symbol`, and their places: `[…, rank]`, the greatest first.

    `count` is how many, at most as many as there are symbols.
    """
    parts = _chunks(x, VERY_MANY)
    if parts is None:
        values, places = top(x, alone(count), over="symbol", into="rank")
        return values, places
    peaks = greatest(parts, over="place")
    most = minimum(count, parts.number("chunk"))
    _, chunks = top(peaks, alone(most), over="chunk", into="high")
    few = merge(take(parts, chunks, over="chunk"), axes=("high", "place"), into="near")
    values, near = top(few, alone(count), over="near", into="rank")
    return values, _symbols(chunks, near, parts.number("place"))


def _symbols(chunks: Value, near: Value, size: int) -> Value:
    """The places along `symbol` of places among the chunks that are searched."""
    chunk = take(chunks, floordiv(near, size), over="high")
    return unchunked(chunk, mod(near, size), size)


def _chunks(x: Value, many: int) -> Value | None:
    """The value with its symbols in chunks, if it is worth it and they can be even."""
    symbols = x.size("symbol")
    length = even(symbols) if symbols is not None and symbols >= many else None
    return chunked(x, "symbol", length) if length else None
