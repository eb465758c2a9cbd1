"""A shortlist: the symbols that a run allows, to which the output layer's product shrinks."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import filled
from s2sgraph.graph.ops import (
    and_,
    at_most,
    concat,
    equal,
    extent,
    iota,
    less,
    not_,
    or_,
    places,
    rename,
    scatter,
    select,
    sub,
    take,
    trim,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.rules import Listed
from s2sgraph.spec.sides import Special


@dataclass(frozen=True)
class Shortlist:
    """The symbols of a decoder: those that a run allows, and the end symbol last.

    A run that names none allows all, in their own order.

    Attributes:
        listed: their ids.
        hidden: what is added to the scores of the symbols, `[symbol]`: `HIDDEN` for one that is
            listed again further on, and for what nobody can mean.
    """

    listed: Listed
    hidden: Value

    @staticmethod
    def of(allowed: Value, count: int, special: Special) -> Shortlist:
        """From the ids that the run names, `int[given allowed]`, out of `count` symbols."""
        named = rename(allowed, **{"given allowed": "listed"})
        free = equal(extent(allowed, over="given allowed"), 0)
        known = and_(at_most(0, named), less(named, count))
        entries = iota(filled((), dtype="int", value=count), into="entry")
        whole = trim(entries, select(free, count, 0), over="entry", into="listed")
        end = trim(
            filled((("ends", 1),), dtype="int", value=special.eos),
            select(free, 0, 1),
            over="ends",
            into="listed",
        )
        listed = concat(select(known, named, special.pad), whole, end, over="listed")
        symbols = rename(listed, listed="symbol")
        here = places(symbols, over="symbol")
        none = filled((("entry", count),), dtype="int", value=0)
        backwards = sub(0, here)
        last = scatter(none, symbols, backwards, over="entry", how="least")
        again = less(take(last, symbols, over="entry"), backwards)
        idle = or_(equal(symbols, special.pad), equal(symbols, special.bos))
        idle = and_(idle, not_(equal(symbols, special.eos)))
        hidden = select(or_(again, and_(idle, not_(free))), HIDDEN, 0.0)
        place = select(free, special.eos, extent(symbols, over="symbol") - 1)
        return Shortlist(Listed(symbols, place), hidden)
