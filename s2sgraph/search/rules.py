"""What every search keeps to: special symbols, limits, and what the run has set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from s2sgraph.graph.compaction import Blank, compacting
from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import Finals, filled, loop, step_number
from s2sgraph.graph.ops import at_most, equal, expand, log_softmax, or_, trim
from s2sgraph.graph.trace import Form
from s2sgraph.graph.values import Value
from s2sgraph.search.settings import Number
from s2sgraph.spec.sides import Special

Found = dict[str, Value]
"""Values by name."""
DEAD = HIDDEN / 10
"""A sum of log-probabilities below this has a symbol in it that is not allowed."""


def normalised(scores: Value) -> Value:
    """Log-probabilities from the scores of all symbols: `[…, symbol]`."""
    return log_softmax(scores, over="symbol")


@dataclass(frozen=True)
class Decoder:
    """What a search knows of a decoder.

    Attributes:
        step: from the symbols before, `int[batch]` or `int[batch, beam]`, to the scores of the
            next, `[…, symbol]`, and further values of the step, by name.
        attention: of the step just traced, how much each place of the source was attended to:
            `[…, source]`.
        mask: which places the source has: `bool[batch, source]`.
        chances: from the scores of a step to log-probabilities.
    """

    step: Callable[[Value], tuple[Value, Found]]
    attention: Callable[[], Value]
    mask: Callable[[], Value]
    chances: Callable[[Value], Value] = normalised


@dataclass(frozen=True)
class Listed:
    """The symbols of a step.

    Attributes:
        symbols: their ids, `int[symbol]`.
        end: which of them is the end symbol: `int`.
    """

    symbols: Value
    end: Value


@dataclass(frozen=True)
class Rules:
    """What every search keeps to.

    Attributes:
        special: ids of the special symbols.
        trips: most places of any row: `int`.
        limits: most places of each row, `int[batch]`; None where `trips` is the only limit.
        ends: whether the end symbol ends a row.
        settings: the settings of the search, as the run or the spec has them.
        symbols: how many symbols the vocabulary has.
        never: ids that are never chosen.
        banned: further ids, if a run may name any: `int[given banned]`.
        prefix: what each row starts with, if a run may say so: `int[batch, forced]`, the last
            place padding.
        listed: the symbols of a step, if they are not all.
        compact: whether rows that are over leave the batch.
    """

    special: Special
    trips: Value
    limits: Value | None
    ends: bool
    settings: Mapping[str, Number]
    symbols: int
    never: tuple[int, ...] = ()
    banned: Value | None = None
    prefix: Value | None = None
    listed: Listed | None = None
    compact: bool = False

    def repeat(
        self, step: Callable[[], tuple[Value, Form, Finals]], blanks: tuple[Blank, ...] = ()
    ) -> tuple[Form, Finals]:
        """The loop of `step() -> over, results, states`; the results along `length`.

        `blanks` are what a row that is over gives, for the first results; for the others it is 0.
        """
        if self.compact:
            return compacting(step, self.trips, into="length", blanks=blanks)
        return loop(step, self.trips, into="length")

    def begun(self) -> Value:
        """Which rows are done before the first step: those that may have no place at all."""
        if self.limits is None:
            return filled((("batch", None),), dtype="bool", value=False)
        return at_most(self.limits, 0)

    def reached(self) -> Value:
        """Which rows have their last place at this step, if rows have limits."""
        assert self.limits is not None
        return at_most(self.limits - 1, step_number())

    def done(self, over: Value, symbols: Value) -> Value:
        """Which rows are done after a step: those over, that chose the end, or at their limit."""
        done = or_(over, equal(symbols, self.special.eos)) if self.ends else over
        return done if self.limits is None else or_(done, self.reached())

    def cut(self, column: Value) -> Value:
        """The results of all steps, less the one that a loop makes even when none is allowed."""
        return trim(column, self.trips, over="length", into="length")


def one_best(value: Value) -> Value:
    """A value of the one hypothesis there is, with an axis of hypotheses."""
    return expand(value, filled((("n_best", 1),)), axes=("n_best",))
