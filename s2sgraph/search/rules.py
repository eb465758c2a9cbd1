"""What every search keeps to: special symbols and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import filled, step_number
from s2sgraph.graph.ops import at_most, const, expand, trim
from s2sgraph.graph.values import Value
from s2sgraph.spec.sides import Special

Step = Callable[[Value], tuple[Value, dict[str, Value]]]
"""From the symbols before, `int[batch]`, to scores of the next, `[batch, symbol]`.

And further values of the step, by name.
"""


@dataclass(frozen=True)
class Rules:
    """What every search keeps to.

    Attributes:
        special: ids of the special symbols.
        trips: most places of any row: `int`.
        limits: most places of each row, `int[batch]`; None where `trips` is the only limit.
        ends: whether the end symbol ends a row.
    """

    special: Special
    trips: Value
    limits: Value | None
    ends: bool

    def begun(self) -> Value:
        """Which rows are done before the first step: those that may have no place at all."""
        if self.limits is None:
            return filled((("batch", None),), dtype="bool", value=False)
        return at_most(self.limits, 0)

    def reached(self) -> Value:
        """Which rows have their last place at this step, if rows have limits."""
        assert self.limits is not None
        return at_most(self.limits - 1, step_number())

    def allowed(self, chances: Value) -> Value:
        """Log-probabilities `[…, symbol]` with padding and the start symbol out of reach."""
        never = (self.special.pad, self.special.bos)
        barred = tuple(HIDDEN * (symbol in never) for symbol in range(chances.number("symbol")))
        return chances + const(value=barred, dtype="float", axes=("symbol",))

    def cut(self, column: Value) -> Value:
        """The results of all steps, less the one that a loop makes even when none is allowed."""
        return trim(column, self.trips, over="length", into="length")


def one_best(value: Value) -> Value:
    """A value of the one hypothesis there is, with an axis of hypotheses."""
    return expand(value, filled((("n_best", 1),)), axes=("n_best",))
