"""Greedy search: the best symbol at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import carry, filled, loop, renew
from s2sgraph.graph.ops import (
    argmax,
    at_most,
    const,
    equal,
    every,
    expand,
    greatest,
    integer,
    log_softmax,
    minimum,
    mul,
    not_,
    number,
    or_,
    select,
    trim,
)
from s2sgraph.graph.values import Value
from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Positive, Size
from s2sgraph.spec.sides import Special

Step = Callable[[Value], tuple[Value, dict[str, Value]]]
"""From the symbols before, `int[batch]`, to the scores of the next, `[batch, symbol]`, and further values of the step."""


@dataclass(frozen=True)
class Rules:
    """What every search keeps to.

    Attributes:
        special: ids of the special symbols.
        trips: most places of any row: `int`.
        limits: most places of each row: `int[batch]`.
    """

    special: Special
    trips: Value
    limits: Value

    def barred(self, symbols: int) -> Value:
        """What keeps padding and the start symbol from being chosen: `[symbol]`, to be added."""
        never = (self.special.pad, self.special.bos)
        return const(value=tuple(HIDDEN * (i in never) for i in range(symbols)), dtype="float", axes=("symbol",))

    def cut(self, column: Value) -> Value:
        """The results of all steps, without the one step that a loop makes even when none is allowed."""
        return trim(column, self.trips, over="length", into="length")


class Greedy(Kind, kind="greedy", family="search"):
    """The best symbol at every step; the lowest id wins a tie.

    Attributes:
        max_length: most symbols of a result, the end symbol included.
        max_length_ratio: most symbols for each place of the sentence's own source; the smaller
            of the two limits holds.
    """

    max_length: Size = 256
    max_length_ratio: Positive | None = None

    def limits(self, length: Value) -> Value:
        """Most symbols of each row, from the length of its source: `int[batch]`."""
        if self.max_length_ratio is None:
            return filled((("batch", None),), dtype="int", value=self.max_length)
        return minimum(integer(mul(number(length), self.max_length_ratio)), self.max_length)

    def search(self, step: Step, rules: Rules, ends: bool) -> dict[str, Value]:
        """Tokens `[length, batch, n_best]`, their lengths and the sums of their log-probabilities.

        `ends` says whether the end symbol ends a row; otherwise only its limit does.
        """
        names: list[str] = []

        def body() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            rows = (("batch", None),)
            token = carry(filled(rows, dtype="int", value=rules.special.bos))
            score, length = carry(filled(rows)), carry(filled(rows, dtype="int", value=0))
            done = carry(at_most(rules.limits, 0))
            logits, further = step(token)
            chances = log_softmax(logits, over="symbol") + rules.barred(logits.number("symbol"))
            best = select(done, rules.special.pad, argmax(chances, over="symbol"))
            live = not_(done)
            longer = length + integer(live)
            over = or_(done, at_most(rules.limits, longer))
            after = or_(over, equal(best, rules.special.eos)) if ends else over
            kept = {name: select(live, value, 0.0) for name, value in further.items()}
            names[:] = kept
            renew(token, best)
            renew(score, score + select(done, 0.0, greatest(chances, over="symbol")))
            renew(length, longer)
            renew(done, after)
            return every(after), (best, *kept.values()), (score, length)

        columns, (scores, lengths) = loop(body, rules.trips, into="length")
        tokens, *further = (one_best(rules.cut(column)) for column in columns)
        found = {"tokens": tokens, "lengths": one_best(lengths), "scores": one_best(scores)}
        return found | dict(zip(names, further, strict=True))


def one_best(value: Value) -> Value:
    """A value of the one hypothesis there is, with an axis of hypotheses."""
    return expand(value, filled((("n_best", 1),)), axes=("n_best",))
