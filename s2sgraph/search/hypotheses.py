"""From the steps of a search to its hypotheses: the way back through their parents."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.loops import carry, each, filled, renew
from s2sgraph.graph.ops import (
    concat,
    expand,
    greatest,
    less,
    places,
    rename,
    select,
    take,
    total,
    trim,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.rules import Found
from s2sgraph.spec.sides import Special


@dataclass(frozen=True)
class Steps:
    """What all steps of a search with beams have left behind, each `[length, batch, beam]`.

    At every step there are two slots for each beam: the first ones hold the hypotheses that go on,
    sorted anew; the others those of the step before, ended there.

    Attributes:
        symbols: what each that goes on was continued with.
        chances: the log-probability of that.
        parents: which beam it was before.
        ends: the log-probability of the end, for the beams as they were before.
        further: further values of the steps, for the beams as they were before.
    """

    symbols: Value
    chances: Value
    parents: Value
    ends: Value
    further: Found


def traced_back(steps: Steps, slot: Value, lengths: Value, special: Special) -> Found:
    """The symbols of hypotheses, and what belongs to each: `[length, batch, n_best, …]`.

    From the slot of each in its last step, and its length, both `int[batch, n_best]`.
    """
    beams = expand(places(steps.symbols, over="beam"), steps.symbols, axes=("length", "batch"))
    ended = filled(steps.symbols.type.dims, dtype="int", value=special.eos)
    tables = (
        _slots(steps.symbols, ended),
        _slots(steps.chances, steps.ends),
        _slots(steps.parents, beams),
        *steps.further.values(),
    )

    def step(number: Value, *tables: Value) -> tuple[Value, ...]:
        symbols, chances, parents, *further = tables
        here = carry(slot)
        live = less(number, lengths)
        before = take(parents, here, over="slot")
        renew(here, select(live, before, here))
        return (
            select(live, take(symbols, here, over="slot"), special.pad),
            select(live, take(chances, here, over="slot"), 0.0),
            *(select(live, take(value, before, over="beam"), 0.0) for value in further),
        )

    numbers = places(steps.symbols, over="length")
    found = each(step, (numbers, *tables), over="length", reverse=True)
    names = ("tokens", "token_scores", *steps.further)
    longest = greatest(greatest(lengths, over="n_best"), over="batch")
    result = {
        name: trim(column, longest, over="length", into="length")
        for name, column in zip(names, found, strict=True)
    }
    return {**result, "lengths": lengths, "scores": total(result["token_scores"], over="length")}


def _slots(going: Value, ended: Value) -> Value:
    return concat(rename(going, beam="slot"), rename(ended, beam="slot"), over="slot")
