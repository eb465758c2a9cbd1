"""Long short-term memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from s2sgraph.graph.composed import layer_norm
from s2sgraph.graph.loops import States
from s2sgraph.graph.ops import sigmoid, tanh, unstack
from s2sgraph.graph.values import Value
from s2sgraph.layers.recurrent import GatedCell, RecurrentLayer


class Lstm(RecurrentLayer, kind="lstm", main="size"):
    """Gates i, f, g, o: `c = s(f)*c + s(i)*tanh(g)`, `h = s(o)*tanh(c)` (Gers 2000)."""

    def cell(self) -> GatedCell:
        """One step of the recurrence."""
        return LstmCell(self.size, self.layer_norm)


@dataclass(frozen=True)
class LstmCell(GatedCell):
    """One step; x, h and c are `[…, feature]`. The gates are in torch.nn.LSTM's order."""

    word: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output h, and the state (h, c)."""
        h, c = state
        i, f, g, o = unstack(
            self.sums("input", x) + self.sums("state", self.read(h), bias=False), axis="gate"
        )
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(layer_norm("cell_norm", c) if self.layer_norm else c)
        return h, (h, c)
