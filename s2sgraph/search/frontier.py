"""The hypotheses of a beam search from step to step: those that go on, and the best that ended."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import carry, filled, follow, renew, spread, step_number, witness
from s2sgraph.graph.ops import (
    add,
    and_,
    at_most,
    concat,
    extent,
    floordiv,
    greatest,
    iota,
    least,
    less,
    maximum,
    merge,
    minimum,
    mod,
    mul,
    not_,
    or_,
    outer,
    rename,
    select,
    take,
    top,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.search.best import best_of_each
from s2sgraph.search.choices import Choices
from s2sgraph.search.counts import alone, whole
from s2sgraph.search.hypotheses import Steps, traced_back
from s2sgraph.search.penalties import LengthRank, coverage_penalty
from s2sgraph.search.rules import DEAD, Decoder, Found, Rules
from s2sgraph.search.settings import is_off

BEAMS = Type("int", (("batch", None), ("beam", None)))
ENDED = Type("int", (("batch", None), ("ended", None)))


@dataclass(frozen=True)
class States:
    """What goes from step to step.

    Attributes:
        token: the last symbol of each hypothesis that goes on, `int[batch, beam]`.
        sums: its log-probability, `[batch, beam]`.
        best: what the best that ended are ranked by, `[batch, ended]`.
        slots: the step and slot in which they ended, as one number, `int[batch, ended]`.
        closed: which rows have stopped while others go on, `bool[batch]`, if rows may.
        attended: how much each place of the source was attended to in all, `[batch, beam, source]`,
            if there is a coverage penalty.
    """

    token: Value
    sums: Value
    best: Value
    slots: Value
    closed: Value | None
    attended: Value | None

    def all(self) -> tuple[Value, ...]:
        """The states there are."""
        states = (self.token, self.sums, self.best, self.slots, self.closed, self.attended)
        return tuple(state for state in states if state is not None)


@dataclass(frozen=True)
class Going:
    """The continuations that go on, each `[batch, beam]`, best first."""

    sums: Value
    symbols: Value
    chances: Value
    parents: Value


class Frontier:
    """One beam search: what is known before its loop, and what its steps do."""

    def __init__(self, decoder: Decoder, rules: Rules) -> None:
        said = rules.settings
        self.decoder, self.rules = decoder, rules
        self.beams = iota(maximum(whole(said["beams"]), 1), into="beam")
        self.count = extent(self.beams, over="beam")
        n_best = minimum(maximum(whole(said["n_best"]), 1), self.count)
        self.ended = iota(n_best, into="ended")
        self.wanted = alone(n_best)
        self.rank = LengthRank(said["length_penalty"], said["length_offset"])
        self.beta, self.first = said["coverage_penalty"], said["stop"]
        self.longest = rules.trips if rules.limits is None else rules.limits
        self.closing = rules.limits is not None or not is_off(self.first, 0)

    def search(self) -> Found:
        """Trace the loop, and the hypotheses that it leaves."""
        names: list[str] = []

        def body() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            choices, states = Choices(self.rules, BEAMS, apart=True), self._states()
            logits, further = self.decoder.step(states.token)
            names[:] = further
            choices.weigh(logits, self.decoder.chances(logits))
            going, ends = self._going(choices, states.sums), choices.ends()
            named = choices.named(going.symbols)
            over = self._renew(states, going, named, ends)
            choices.renew(going.symbols, going.parents)
            follow(going.parents, over="beam", but=(*states.all(), *choices.states))
            end_chances = choices.end_chances() if choices.penalises else ends
            emitted = (named, going.chances, going.parents, end_chances)
            values = (spread(value, BEAMS) for value in further.values())
            return over, (*emitted, *values), states.all()[1:]

        (symbols, chances, parents, ends, *values), finals = self.rules.repeat(body)
        steps = Steps(symbols, chances, parents, ends, dict(zip(names, values, strict=True)))
        return self._result(steps, *finals)

    # -- one step ---------------------------------------------------------------------

    def _states(self) -> States:
        attended = None
        if not is_off(self.beta, 0.0):
            (source,) = (axis for axis in self.decoder.mask().axes if axis != "batch")
            attended = carry(filled((*BEAMS.dims, (source, None))))
        return States(
            token=carry(filled(BEAMS.dims, dtype="int", value=self.rules.special.bos)),
            sums=carry(self._started()),
            best=carry(filled(ENDED.dims, value=HIDDEN)),
            slots=carry(filled(ENDED.dims, dtype="int")),
            closed=carry(self.rules.begun()) if self.closing else None,
            attended=attended,
        )

    def _alive(self) -> Value:
        """The sums before the first step, where there is one hypothesis: `[batch, beam]`."""
        return spread(select(less(self.beams, 1), 0.0, HIDDEN), BEAMS)

    def _started(self) -> Value:
        """The sums that the search starts with: `[batch, beam]`."""
        return self._alive()

    def _going(self, choices: Choices, sums: Value) -> Going:
        """The best continuations that do not end: of each beam, and then of all beams."""
        allowed = choices.open()
        symbols: Value | int = allowed.size("symbol") or extent(witness("symbol"), over="symbol")
        each = minimum(self.count, symbols)
        values, ids = best_of_each(allowed, each)
        chances = choices.chance(ids, values)
        reached, choice = top(
            _choices(values + sums), alone(self.count), over="choice", into="beam"
        )
        parents = floordiv(iota(mul(self.count, each), into="choice"), each)
        return Going(
            sums=reached,
            symbols=take(_choices(ids), choice, over="choice"),
            chances=take(_choices(chances), choice, over="choice"),
            parents=take(parents, choice, over="choice"),
        )

    def _renew(self, states: States, going: Going, named: Value, ends: Value) -> Value:
        """Leave the states as the next step needs them; which rows are over."""
        attended = states.attended
        if attended is not None:
            attended = attended + self.decoder.attention()
        best, slots = self._ended(states, going, ends, attended)
        sums = going.sums
        if states.closed is not None:
            sums = select(states.closed, states.sums, sums)
        over = self._over(best, sums)
        renew(states.token, named)
        renew(states.sums, sums)
        renew(states.best, best)
        renew(states.slots, slots)
        if states.attended is not None and attended is not None:
            following = take(attended, going.parents, over="beam")
            if self.rules.limits is not None and states.closed is not None:
                following = select(states.closed, states.attended, following)
            renew(states.attended, following)
        if states.closed is not None:
            closed = or_(states.closed, over)
            if self.rules.limits is not None:
                closed = or_(closed, self.rules.reached())
            renew(states.closed, closed)
            return closed
        return over

    def _ended(
        self, states: States, going: Going, ends: Value, attended: Value | None
    ) -> tuple[Value, Value]:
        """The best that have ended by now, and where."""
        sums = states.sums + ends
        counted = self._counted(going, sums)
        if states.closed is not None:
            counted = and_(counted, not_(states.closed))
        ranked = self._ranked(sums, step_number() + 1, attended)
        slots = self._slots(step_number()) + self.count
        return self._best(states.best, states.slots, select(counted, ranked, HIDDEN), slots)

    def _counted(self, going: Going, sums: Value) -> Value:
        """Which of those that end here, with these sums, may be among the best."""
        return at_most(maximum(least(going.sums, over="beam"), DEAD), sums)

    def _over(self, best: Value, sums: Value) -> Value:
        """Which rows need no further step: `bool[batch]`."""
        worst, greater = least(best, over="ended"), greatest(sums, over="beam")
        full, dead = less(DEAD, worst), less(greater, DEAD)
        if not is_off(self.first, 0) and not isinstance(self.first, Value):
            return or_(full, dead)
        exact = at_most(self.rank(greater, self.longest), worst)
        if not is_off(self.rank.alpha, 0.0):
            exact = or_(exact, dead)
        if isinstance(self.first, Value):
            exact = or_(exact, and_(full, less(0, self.first)))
        return exact

    # -- ranks ------------------------------------------------------------------------

    def _ranked(self, sums: Value, length: Value, attended: Value | None) -> Value:
        """What hypotheses of some length are ranked by: `[batch, beam]`."""
        ranked = self.rank(sums, length)
        if attended is None:
            return ranked
        return ranked + coverage_penalty(self.beta, attended, self.decoder.mask())

    def _best(self, best: Value, slots: Value, new: Value, where: Value) -> tuple[Value, Value]:
        """The best of those that ended before and of new ones, and their slots."""
        pool = concat(best, rename(new, beam="ended"), over="ended")
        best, which = top(pool, self.wanted, over="ended", into="ended")
        places = concat(slots, rename(where, beam="ended"), over="ended")
        return best, take(places, which, over="ended")

    def _slots(self, step: Value) -> Value:
        """The first slots of a step, `int` or `int[batch]`, as numbers: `int[batch, beam]`."""
        return outer(add, spread(self.beams, BEAMS), mul(step, self.count) + mul(step, self.count))

    # -- the result -------------------------------------------------------------------

    def _result(
        self, steps: Steps, sums: Value, best: Value, slots: Value, *further: Value
    ) -> Found:
        """The hypotheses: those that ended, and those that go on when a row is at its limit."""
        made = minimum(extent(steps.symbols, over="length"), self.rules.trips)
        last = made if self.rules.limits is None else minimum(self.rules.limits, made)
        attended = further[-1] if not is_off(self.beta, 0.0) else None
        live = and_(less(DEAD, sums), not_(self._over(best, sums)))
        ranked = select(live, self._ranked(sums, last, attended), HIDDEN)
        nothing = at_most(self.longest, 0)
        best, ranked = select(nothing, HIDDEN, best), select(nothing, self._alive(), ranked)
        best, slots = self._best(best, slots, ranked, self._slots(last - 1))
        best, slots = rename(best, ended="n_best"), rename(slots, ended="n_best")
        both = self.count + self.count
        lengths = minimum(floordiv(slots, both) + 1, made)
        lost = less(best, DEAD)
        lengths = select(lost, 0, lengths)
        found = traced_back(steps, mod(slots, both), lengths, self.rules.special)
        lowest = float("-inf")
        scores = select(lost, lowest, found["scores"])
        return {**found, "scores": scores, "ranking": select(lost, lowest, best)}


def _choices(x: Value) -> Value:
    """`[batch, beam, rank]` as `[batch, choice]`."""
    return merge(x, axes=("beam", "rank"), into="choice")
