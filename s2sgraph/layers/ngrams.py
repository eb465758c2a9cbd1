"""Embedding of n-grams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from s2sgraph.graph.composed import ZEROS, dropped, dropped_places
from s2sgraph.graph.loops import filled, previous
from s2sgraph.graph.ops import mod, mul, take
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Rate, Size, rule


class Ngrams(Layer, kind="ngrams", main="size"):
    """A vector for the n-gram that ends at each place (Pagnoni 2024, "Byte Latent Transformer").

    An n-gram `s_1 ... s_n`, the symbol here last, has row `(b^(n-1) s_1 + ... + s_n) mod rows` of
    the table, b being the whole part of the n-th root of `rows`. So n-grams of ids below b have
    rows of their own, and others share theirs (hashing; Bojanowski 2017). Symbol 0 stands before
    the first. Vectors are zero at first, and stay so for rows that training has not met.

    Attributes:
        size: features of a vector.
        length: symbols of an n-gram, n.
        rows: vectors in the table.
        dropout: rate on the vectors, feature by feature.
        place_dropout: share of the places that are zero, each by itself, the others being scaled by
            `1 / (1 - rate)` (Sennrich 2016).
    """

    symbols: ClassVar[bool] = True

    size: Size
    length: Annotated[int, Field(ge=2, le=30)] = 3
    rows: Size = 20_000
    dropout: Rate = 0.0
    place_dropout: Rate = 0.0

    @rule("length", "rows")
    def _rows_are_enough(self) -> Iterator[Problem]:
        if self.base < 2:
            message = f"too few for n-grams of {self.length} symbols, which could not be told apart"
            yield Problem(("rows",), message, f"write at least {2**self.length}")

    @property
    def base(self) -> int:
        """The largest whole number whose power of `length` is at most `rows`."""
        near = int(self.rows ** (1 / self.length) + 0.5)
        return near - int(near**self.length > self.rows)

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return self.size

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        x = context.x
        if x.type.dtype != "int":
            raise ShapeError("n-grams are of symbols, and below are features: write from: input")
        table = Type("float", (("ngram", self.rows), ("feature", self.size)))
        vectors = take(weight("weight", table, initial=ZEROS), self._row(x, context), over="ngram")
        return Parts(dropped(dropped_places(vectors, self.place_dropout), self.dropout))

    def _row(self, x: Value, context: Context) -> Value:
        """The row of the n-gram that ends at each place: an integer like x."""
        start = filled(x.type.without(context.over).dims, dtype="int")
        code = x
        for power in range(1, self.length):
            x = previous(x, start, over=context.over)
            code = code + mul(x, self.base**power)
        return mod(code, self.rows)
