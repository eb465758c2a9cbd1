"""Embedding of symbols."""

from __future__ import annotations

from collections.abc import Iterator

from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Rate, Reference, Size, rule


class Embedding(Layer, kind="embedding", main="size"):
    """A vector for each symbol.

    Attributes:
        size: features of a vector; not needed when `tied` gives it.
        scale: multiply by the square root of the size (Vaswani 2017).
        tied: the embedding whose table this one uses.
        first: the vector of the decoder's first step, in place of that of the start symbol.
        dropout: rate on the vectors.
    """

    size: Size | None = None
    scale: bool = False
    tied: Reference | None = None
    first: Reference | None = None
    dropout: Rate = 0.0

    @rule("size", "tied")
    def _size_is_known(self) -> Iterator[Problem]:
        if self.size is None and self.tied is None:
            hint = "write embedding: 64, or name the embedding it is tied to"
            yield Problem((), "missing: size is needed here", hint)
