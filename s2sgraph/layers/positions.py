"""Positions added to a sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from s2sgraph.graph.composed import position
from s2sgraph.graph.ops import add, const, minimum, mul, number, outer, sine, take
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Initial, Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Size, rule

LENGTH = 512


class Positions(Layer, kind="positions", main="kind"):
    """Adds a vector for each position (Vaswani 2017).

    Attributes:
        kind: sines and cosines, or learned vectors.
        length: most positions, for learned vectors.
    """

    kind: Literal["sinusoidal", "learned"] = "sinusoidal"
    length: Size = LENGTH

    @rule("kind", "length")
    def _length_is_used(self) -> Iterator[Problem]:
        if self.kind == "sinusoidal" and self.length != LENGTH:
            message = "length is for learned positions; sinusoidal ones have no end"
            yield Problem(
                ("length",), message, "remove length, or write kind: learned", at_key=True
            )

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        x = context.x
        place, size = position(x, over=context.over), x.number("feature")
        where = sinusoids(place, size) if self.kind == "sinusoidal" else self._learned(place, size)
        return Parts(add(x, where))

    def _learned(self, place: Value, size: int) -> Value:
        table = Type("float", (("position", self.length), ("feature", size)))
        vectors = weight("weight", table, initial=Initial("normal", size**-0.5))
        return take(vectors, minimum(place, self.length - 1), over="position")


def sinusoids(place: Value, size: int) -> Value:
    """`sin(p / 10000^(2i/d))` at feature 2i, and the cosine of it at 2i + 1 (Vaswani 2017, 3.5)."""
    pairs = [feature // 2 for feature in range(size)]
    speeds = tuple(10000.0 ** (-2 * pair / size) for pair in pairs)
    phases = tuple(feature % 2 * math.pi / 2 for feature in range(size))
    angles = outer(mul, number(place), const(value=speeds, dtype="float", axes=("feature",)))
    return sine(angles + const(value=phases, dtype="float", axes=("feature",)))
