"""Settings of recurrent layers."""

from __future__ import annotations

from typing import Literal

from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.settings import Size, Start, ZeroStart


class RecurrentLayer(ResidualLayer):
    """A cell over time, or several on top of one another.

    Attributes:
        size: features of the state, in each direction.
        layers: number of cells on top of one another, with dropout between them.
        direction: from the first place on, from the last place back, or both, concatenated.
        layer_norm: normalise the sums of each gate.
        start: the state before the first step.
    """

    size: Size
    layers: Size = 1
    direction: Literal["forward", "backward", "both"] = "forward"
    layer_norm: bool = False
    start: Start = ZeroStart()
