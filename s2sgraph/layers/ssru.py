"""Simpler simple recurrent unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from s2sgraph.graph.composed import linear
from s2sgraph.graph.loops import States
from s2sgraph.graph.ops import relu, sigmoid
from s2sgraph.graph.values import Value
from s2sgraph.layers.recurrent import GatedCell, RecurrentLayer
from s2sgraph.spec.settings import Problem, rule


class Ssru(RecurrentLayer, kind="ssru", main="size"):
    """`f = s(W_f x + b)`, `c = f*c + (1-f)*(W x)`, `h = relu(c)` (Kim 2019).

    Without a product of the state, so that all products of a sequence are one.
    """

    layer_norm: Literal[False] = False

    @rule("state_dropout")
    def _no_product_of_the_state(self) -> Iterator[Problem]:
        if self.state_dropout:
            message = "an ssru has no product of its state that dropout could work on"
            yield Problem(("state_dropout",), message, "write input_dropout", at_key=True)

    def cell(self) -> GatedCell:
        """One step of the recurrence."""
        return SsruCell(self.size)


@dataclass(frozen=True)
class SsruCell(GatedCell):
    """One step; x and c are `[…, feature]`, and the state is c."""

    word: ClassVar[str] = ""

    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output relu(c), and the state c."""
        (c,) = state
        forget = sigmoid(linear("forget", x, bias="forget_bias", feature=self.size))
        new = linear("input", x, feature=self.size)
        c = new + forget * (c - new)
        return relu(c), (c,)
