"""Simpler simple recurrent unit."""

from __future__ import annotations

from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.settings import Size, Start, ZeroStart


class Ssru(ResidualLayer, kind="ssru", main="size"):
    """`f = s(W_f x + b)`, `c = f*c + (1-f)*(W x)`, `h = relu(c)` (Kim 2019).

    Attributes:
        size: features of the state.
        layers: number of units on top of one another, with dropout between them.
        start: the state before the first step.
    """

    size: Size
    layers: Size = 1
    start: Start = ZeroStart()
