"""What a search has chosen so far, and what must not be chosen again."""

from __future__ import annotations

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import carry, filled, renew
from s2sgraph.graph.ops import (
    append,
    at_most,
    concat,
    div,
    equal,
    less,
    mul,
    scatter,
    select,
    take,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.search.settings import Number

PAST = "history"
"""The axis of what has been chosen so far, which grows with every step."""


class History:
    """The symbols chosen so far, `int[…, history]`: states of the loop being recorded.

    `lead` are the axes of a step. With `runs`, it is also kept how long the symbols that led to
    each place are the same as those that lead to the next one.
    """

    def __init__(self, lead: Type, *, runs: bool) -> None:
        none = filled((*lead.dims, (PAST, 0)), dtype="int")
        self.lead = lead
        self.chosen = carry(none, grows=(PAST,))
        self.runs = carry(none, grows=(PAST,)) if runs else None

    @property
    def states(self) -> tuple[Value, ...]:
        """The states."""
        return (self.chosen,) if self.runs is None else (self.chosen, self.runs)

    def repeats_hidden(self, wishes: Value, size: Number) -> Value:
        """`[…, symbol]` with symbols hidden that would repeat as many symbols as `size` says."""
        assert self.runs is not None
        most = size - 1
        if isinstance(size, Value):
            most = select(less(0, size), most, 2**31)
        repeated = at_most(most, self.runs)
        return scatter(
            wishes, self.chosen, select(repeated, HIDDEN, 0.0), over="symbol", how="least"
        )

    def penalised(self, logits: Value, penalty: Number) -> Value:
        """Scores `[…, symbol]`, those of symbols chosen before less likely (Keskar 2019, eq. 3).

        A positive score is divided by the penalty, a negative one multiplied with it.
        """
        own = take(logits, self.chosen, over="symbol")
        lower = select(less(0.0, own), div(own, penalty), mul(own, penalty))
        return scatter(logits, self.chosen, lower, over="symbol", how="least")

    def renew(self, symbols: Value, parents: Value | None = None) -> None:
        """Add what a step has chosen, after the histories of its parents if there are beams."""
        chosen, runs = self.chosen, self.runs
        if parents is not None:
            chosen = take(chosen, parents, over="beam")
            runs = None if runs is None else take(runs, parents, over="beam")
        renew(self.chosen, append(chosen, symbols, over=PAST))
        if self.runs is not None and runs is not None:
            first = filled((*self.lead.dims, (PAST, 1)), dtype="int")
            longer = select(equal(chosen, symbols), runs + 1, 0)
            renew(self.runs, concat(first, longer, over=PAST))
