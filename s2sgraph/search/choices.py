"""Which symbols a step may choose, and what each counts."""

from __future__ import annotations

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import filled, spread, step_number, witness
from s2sgraph.graph.ops import (
    and_,
    at_most,
    const,
    cover,
    equal,
    extent,
    less,
    minimum,
    or_,
    outer,
    places,
    rename,
    scatter,
    select,
    take,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.search.history import History
from s2sgraph.search.rules import DEAD, Rules, normalised
from s2sgraph.search.settings import is_off


class Choices:
    """What the steps of a search may choose from; made in the body of its loop.

    `lead` are the axes of a step. Symbols are places along the axis `symbol` of its scores. With
    `apart`, the end symbol is none of the open choices, and asked for by `ends`.
    """

    def __init__(self, rules: Rules, lead: Type, *, apart: bool = False) -> None:
        said = rules.settings
        self.rules, self.lead, self.apart = rules, lead, apart and rules.ends
        self.repeats, self.penalty = said["no_repeat_ngram"], said["repetition_penalty"]
        self.least = said["min_length"]
        self.penalises = not is_off(self.penalty, 1.0)
        self.history: History | None = None
        if self.penalises or not is_off(self.repeats, 0):
            self.history = History(lead, runs=not is_off(self.repeats, 0))

    @property
    def states(self) -> tuple[Value, ...]:
        """The states of the loop that are kept here."""
        return () if self.history is None else self.history.states

    @property
    def may_fail(self) -> bool:
        """Whether a step may have nothing to choose from."""
        rules = self.rules
        given = rules.prefix is not None or rules.banned is not None or bool(rules.never)
        return given or self.history is not None or not is_off(self.least, 0)

    def weigh(self, logits: Value, chances: Value) -> None:
        """Take the scores of a step, and their log-probabilities: `[…, symbol]`."""
        self.chances = self.wishes = chances
        if self.penalises and self.history is not None:
            self.wishes = normalised(self.history.penalised(logits, self.penalty))

    def open(self) -> Value:
        """What symbols are chosen by, `[…, symbol]`: `HIDDEN` if they must not be."""
        wishes = self.wishes
        if self.history is not None and not is_off(self.repeats, 0):
            wishes = self.history.repeats_hidden(wishes, self.repeats)
        wishes = wishes + self._along_symbols(self._hidden_now())
        if self.rules.prefix is None:
            return wishes
        forced, free = self._forced(self.rules.prefix)
        if self.apart:
            forced = select(equal(forced, self.rules.special.eos), -1, forced)
        same = outer(equal, forced, self._symbols())
        return select(same, self.wishes, select(free, wishes, HIDDEN))

    def ends(self) -> Value:
        """What the end symbol is chosen by: `[…]`; `HIDDEN` if it must not be."""
        end = self.rules.special.eos
        if not self.rules.ends:
            return filled(self.lead.dims, value=HIDDEN)
        own = wish = self._of_end(self.wishes)
        if end in self.rules.never:
            wish = filled(self.lead.dims, value=HIDDEN)
        if self.rules.banned is not None:
            wish = wish + take(self._banned(), const(value=end, dtype="int"), over="entry")
        if not is_off(self.least, 0):
            wish = select(less(step_number() + 1, self.least), HIDDEN, wish)
        if self.rules.prefix is not None:
            forced, free = self._forced(self.rules.prefix)
            wish = select(equal(forced, end), own, select(free, wish, HIDDEN))
        return wish

    def end_chances(self) -> Value:
        """The log-probability of the end symbol: `[…]`."""
        return self._of_end(self.chances)

    def _of_end(self, chances: Value) -> Value:
        end = filled(self.lead.dims, dtype="int", value=self.rules.special.eos)
        if self.rules.listed is not None:
            end = spread(self.rules.listed.end, self.lead)
        return take(chances, end, over="symbol")

    def named(self, chosen: Value) -> Value:
        """The ids of symbols that were chosen by their places along `symbol`."""
        if self.rules.listed is None:
            return chosen
        return take(self.rules.listed.symbols, chosen, over="symbol")

    def over(self, done: Value, wish: Value) -> Value:
        """Which rows are over: those done before, and those whose best wish is for no symbol."""
        return or_(done, less(wish, DEAD)) if self.may_fail else done

    def chance(self, chosen: Value, wish: Value) -> Value:
        """The log-probability of symbols, from what they were chosen by."""
        return take(self.chances, chosen, over="symbol") if self.penalises else wish

    def renew(self, chosen: Value, parents: Value | None = None) -> None:
        """Keep what a step has chosen, as far as later steps ask for it."""
        if self.history is not None:
            self.history.renew(chosen, parents)

    # -- what is hidden ---------------------------------------------------------------

    def _hidden_now(self) -> Value:
        """What is added to the chances of all symbols at this step: `[entry]`."""
        rules, end = self.rules, self.rules.special.eos
        never = {rules.special.pad, rules.special.bos} - {end} | {*rules.never}
        hidden = self._hidden(never | {end} if self.apart else never)
        if not self.apart and rules.ends and not is_off(self.least, 0):
            early = less(step_number() + 1, self.least)
            hidden = select(early, self._hidden(never | {end}), hidden)
        return hidden if rules.banned is None else hidden + self._banned()

    def _hidden(self, symbols: set[int]) -> Value:
        shares = tuple(HIDDEN * (symbol in symbols) for symbol in range(self.rules.symbols))
        return const(value=shares, dtype="float", axes=("entry",))

    def _banned(self) -> Value:
        """`HIDDEN` for the symbols that the run bans, by their ids: `[entry]`."""
        count, pad = self.rules.symbols, self.rules.special.pad
        assert self.rules.banned is not None
        ids = cover(self.rules.banned, over="given banned", into="banned", value=pad)
        known = and_(at_most(0, ids), less(ids, count))
        none = filled((("entry", count),))
        return scatter(none, select(known, ids, pad), HIDDEN, over="entry", how="least")

    def _along_symbols(self, entries: Value) -> Value:
        """Values of the vocabulary, `[entry]`, for the symbols of a step: `[symbol]`.

        Symbols beyond the vocabulary have none: they count as zero.
        """
        if self.chances.size("symbol") is not None:
            return rename(entries, entry="symbol")
        symbols = self._symbols()
        inside = take(entries, minimum(symbols, self.rules.symbols - 1), over="entry")
        return select(less(symbols, self.rules.symbols), inside, 0.0)

    def _symbols(self) -> Value:
        """The id of each symbol: `int[symbol]`."""
        if self.rules.listed is not None:
            return self.rules.listed.symbols
        return places(witness("symbol"), over="symbol")

    def _forced(self, prefix: Value) -> tuple[Value, Value]:
        """The symbol that each row must have at this step, or -1; and which rows are free."""
        last = extent(prefix, over="forced") - 1
        forced = take(prefix, minimum(step_number(), last), over="forced")
        free = equal(forced, self.rules.special.pad)
        return select(free, -1, forced), free
