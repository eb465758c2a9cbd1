"""Positions added to a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

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
