"""Embedding of symbols."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from s2sgraph.graph import trace
from s2sgraph.graph.composed import dropped, dropped_places, linear, position
from s2sgraph.graph.loops import kept, spread
from s2sgraph.graph.ops import equal, mul, select, take
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Initial, Value
from s2sgraph.layers.building import Context, Parts, Widths, vector_of
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Rate, Reference, Size, rule


class Embedding(Layer, kind="embedding", main="size"):
    """A vector for each symbol.

    Attributes:
        size: features of a vector; not needed when `tied` gives it.
        scale: multiply by the square root of the size (Vaswani 2017).
        tied: the embedding whose table this one uses.
        first: the vector of the decoder's first step, in place of that of the start symbol.
        dropout: rate on the vectors, feature by feature.
        symbol_dropout: share of the symbols that are zero wherever they come in a sentence, the
            others being scaled by `1 / (1 - rate)` (Gal & Ghahramani 2016).
        place_dropout: share of the places that are zero, each by itself, the others being scaled
            likewise (Sennrich 2016).
    """

    symbols: ClassVar[bool] = True

    size: Size | None = None
    scale: bool = False
    tied: Reference | None = None
    first: Reference | None = None
    dropout: Rate = 0.0
    symbol_dropout: Rate = 0.0
    place_dropout: Rate = 0.0

    @rule("size", "tied")
    def _size_is_known(self) -> Iterator[Problem]:
        if self.size is None and self.tied is None:
            hint = "write embedding: 64, or name the embedding it is tied to"
            yield Problem((), "missing: size is needed here", hint)

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sizes.of(self.tied) if self.size is None and self.tied else self.size or 0

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        x = context.x
        if x.type.dtype != "int":
            raise ShapeError(
                "an embedding reads symbols, but what is below it are features; use dense"
            )
        y = take(self._table(context), x, over="symbol")
        if self.scale:
            y = mul(y, math.sqrt(y.number("feature")))
        y = dropped_places(self._with_symbols_dropped(y, x, context), self.place_dropout)
        if self.first is not None:
            y = self._with_first(self.first, y, context)
        return Parts(dropped(y, self.dropout))

    def _with_symbols_dropped(self, y: Value, x: Value, context: Context) -> Value:
        """Vectors that are zero for some symbols of a sentence."""
        symbols = (*x.type.without(context.over).dims, ("symbol", context.size))
        factors = kept(symbols, self.symbol_dropout)
        return y if factors is None else y * take(factors, x, over="symbol")

    def _table(self, context: Context) -> Value:
        path = trace.here() if self.tied is None else context.tied(self.tied)
        size = self.size or context.width
        with trace.at(path):
            table = Type("float", (("symbol", context.size), ("feature", size)))
            return weight("weight", table, initial=Initial("normal", size**-0.5))

    def _with_first(self, first: Reference, y: Value, context: Context) -> Value:
        """In place of the start symbol's vector, another (through a product where sizes differ)."""
        vector = vector_of(context.read(first))
        if vector.size("feature") != y.size("feature"):
            vector = linear("first", vector, bias="first_bias", feature=y.number("feature"))
        is_first = equal(position(x=y, over=context.over), 0)
        return select(is_first, spread(vector, y.type.without("feature")), y)
