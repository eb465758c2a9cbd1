"""An axis in chunks, for what is looked for in two steps: the chunk, and then the place in it."""

from __future__ import annotations

from s2sgraph.graph.loops import filled
from s2sgraph.graph.ops import concat, mul, split
from s2sgraph.graph.values import Value

LENGTHS = range(64, 257)
"""How long a chunk may be where an axis is cut evenly."""


def even(size: int) -> int | None:
    """The length of chunks that an axis is cut into evenly, about as many as places of each."""
    lengths = [n for n in LENGTHS if size % n == 0]
    return min(lengths, key=lambda n: abs(n * n - size)) if lengths else None


def chunked(x: Value, axis: str, length: int) -> Value:
    """A value with an axis in chunks, `[…, chunk, place]`; the last is filled up with zeros."""
    size = x.number(axis)
    chunks = -(-size // length)
    if chunks * length > size:
        dims = tuple((name, n) for name, n in x.type.dims if name != axis)
        x = concat(x, filled((*dims, (axis, chunks * length - size))), over=axis)
    return split(x, axis=axis, into=(("chunk", chunks), ("place", length)))


def unchunked(chunk: Value, place: Value, length: int) -> Value:
    """The place along the whole axis, from a chunk and the place in it."""
    return mul(chunk, length) + place
