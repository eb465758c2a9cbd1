"""Simple recurrent layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from s2sgraph.graph.composed import activate
from s2sgraph.graph.loops import States
from s2sgraph.graph.ops import unstack
from s2sgraph.graph.values import Value
from s2sgraph.layers.recurrent import GatedCell, RecurrentLayer


class Rnn(RecurrentLayer, kind="rnn", main="size"):
    """`h = tanh(W x + b + R h)` (Elman 1990).

    Attributes:
        activation: tanh, or relu in its place.
    """

    activation: Literal["tanh", "relu"] = "tanh"

    def cell(self) -> GatedCell:
        """One step of the recurrence."""
        return RnnCell(self.size, self.layer_norm, self.activation)


@dataclass(frozen=True)
class RnnCell(GatedCell):
    """One step; x and h are `[…, feature]`."""

    activation: str = "tanh"
    word: ClassVar[str] = "rnn"

    @property
    def settings(self) -> dict[str, Any]:
        """The activation, which engines have kernels for."""
        return {"activation": self.activation}

    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output and the state, which are one."""
        (h,) = state
        (total,) = unstack(
            self.sums("input", x) + self.sums("state", self.read(h), bias=False), axis="gate"
        )
        h = activate(self.activation, total)
        return h, (h,)
