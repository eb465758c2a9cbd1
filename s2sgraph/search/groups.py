"""The hypotheses of a beam search in groups, each of which avoids what the ones before chose."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import filled, spread, witness
from s2sgraph.graph.ops import (
    add,
    arrange,
    at_most,
    concat,
    extent,
    floordiv,
    iota,
    least,
    less,
    maximum,
    merge,
    minimum,
    mod,
    mul,
    number,
    rename,
    scatter,
    select,
    sub,
    take,
    top,
    total,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.best import best_of_each
from s2sgraph.search.choices import Choices
from s2sgraph.search.counts import alone, whole
from s2sgraph.search.frontier import BEAMS, Frontier, Going
from s2sgraph.search.rules import DEAD, Decoder, Rules


@dataclass(frozen=True)
class Apart(Going):
    """The continuations that go on, group by group.

    Attributes:
        bounds: of each group, the sum of the last that goes on, less what its symbol costs:
            `[batch]`.
    """

    bounds: tuple[Value, ...]


class Groups(Frontier):
    """One diverse beam search: the beams of the first group come first, and so on."""

    def __init__(self, decoder: Decoder, rules: Rules, groups: int) -> None:
        self.each = maximum(floordiv(whole(rules.settings["beams"]), groups), 1)
        settings = {**rules.settings, "beams": mul(self.each, groups)}
        super().__init__(decoder, replace(rules, settings=settings))
        self.strength = rules.settings["strength"]
        self.firsts = [mul(self.each, group) for group in range(groups)]
        self.members = [add(iota(self.each, into="member"), first) for first in self.firsts]

    def _started(self) -> Value:
        """Each group starts with one hypothesis."""
        return spread(select(less(mod(self.beams, self.each), 1), 0.0, HIDDEN), BEAMS)

    def _going(self, choices: Choices, sums: Value) -> Going:
        """The best continuations of each group that do not end, by what they cost there."""
        allowed = choices.open()
        size = allowed.size("symbol")
        best = minimum(self.each, size or extent(witness("symbol"), over="symbol"))
        parents = floordiv(iota(mul(self.each, best), into="choice"), best)
        cost = filled((("batch", None), ("symbol", size)))
        found: list[tuple[Value, ...]] = []
        bounds = []
        for first, members in zip(self.firsts, self.members, strict=True):
            wishes, before = (take(x, members, over="beam") for x in (allowed, sums))
            costly, ids = best_of_each(sub(wishes, cost), best)
            reached = _choices(costly + before)
            reached, choice = top(reached, alone(self.each), over="choice", into="member")
            wished = take(wishes, ids, over="symbol")
            chances = wished
            if choices.penalises:
                chances = take(take(choices.chances, members, over="beam"), ids, over="symbol")
            columns = (_choices(x) for x in (wished + before, ids, chances))
            following, symbols, chances = (take(x, choice, over="choice") for x in columns)
            found.append(
                (following, symbols, chances, take(parents, choice, over="choice") + first)
            )
            bounds.append(least(reached, over="member"))
            again = select(less(DEAD, following), self.strength, 0.0)
            cost = scatter(cost, symbols, again, over="symbol", how="add")
        joined = [_joined(list(column)) for column in zip(*found, strict=True)]
        return Apart(joined[0], joined[1], joined[2], joined[3], tuple(bounds))

    def _counted(self, going: Going, sums: Value) -> Value:
        """As in one beam search, for each group; the end costs it what other symbols do."""
        assert isinstance(going, Apart)
        ended, found = filled((("batch", None),)), []
        for members, bound in zip(self.members, going.bounds, strict=True):
            costly = sub(take(sums, members, over="beam"), mul(ended, self.strength))
            counted = at_most(maximum(bound, DEAD), costly)
            ended = ended + total(number(counted), over="member")
            found.append(arrange(counted, axes=("batch", "member")))
        return _joined(found)


def _choices(x: Value) -> Value:
    """`[member, batch, rank]` as `[batch, choice]`."""
    ordered = arrange(x, axes=("batch", "member", "rank"))
    return merge(ordered, axes=("member", "rank"), into="choice")


def _joined(parts: list[Value]) -> Value:
    """`[batch, member]` of all groups as `[batch, beam]`."""
    return rename(concat(*parts, over="member"), member="beam")
