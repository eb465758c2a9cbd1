"""Dropout layer."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.graph.composed import dropped
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Rate


class Dropout(Layer, kind="dropout", main="rate"):
    """Sets features to zero in training, and scales the rest (Srivastava 2014).

    Attributes:
        rate: share of the features.
    """

    weighted: ClassVar[bool] = False

    rate: Rate

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        return Parts(dropped(context.x, self.rate))
