"""Gated recurrent unit."""

from __future__ import annotations

from typing import Literal

from s2sgraph.layers.recurrent import RecurrentLayer


class Gru(RecurrentLayer, kind="gru", main="size"):
    """Gates r, z: `n = tanh(W x + b + r*(R h + c))`, `h = (1-z)*n + z*h` (Cho 2014).

    Attributes:
        reset: `after` the product with R, as in the formula and in torch; `before` it, as
            published: `n = tanh(W x + b + R (r*h) + c)`.
    """

    reset: Literal["after", "before"] = "after"
