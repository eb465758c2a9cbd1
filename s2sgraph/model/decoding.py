"""Decoding: the decoder on its own predictions, as a loop; and one step of it."""

from __future__ import annotations

from s2sgraph.graph.loops import carry, filled, loop, renew
from s2sgraph.graph.ops import (
    concat,
    const,
    cover,
    equal,
    extent,
    greatest,
    iota,
    less,
    maximum,
    minimum,
    outer,
    places,
    rename,
    select,
    take,
)
from s2sgraph.graph.values import Value
from s2sgraph.model.recording import Plan, Recording
from s2sgraph.model.sources import BATCH
from s2sgraph.search.rules import Decoder, Found, Rules, one_best
from s2sgraph.search.search import limits as limits_of
from s2sgraph.spec.sides import TokenTarget


def decoded(plan: Plan, given: dict[str, Value]) -> Found:
    """The best target of each row, and further outputs."""
    recording = plan.record(given)
    rules = _rules(recording)
    if isinstance(plan.target, TokenTarget):

        def step(token: Value) -> tuple[Value, Found]:
            return recording.decode(token)["logits"], recording.asked(of_steps=True)

        decoder = Decoder(step, recording.attention, lambda: recording.mask, recording.chances)
        found = plan.search.search(decoder, rules)
    else:
        found = _frames(recording, rules)
    found |= recording.asked(of_steps=False)
    return {name: recording.left(value) for name, value in found.items()}


def stepped(plan: Plan, given: dict[str, Value]) -> Found:
    """One step as the body of a loop, for `stepping.split`."""
    recording = plan.record(given)
    start, names = recording.start(), list[str]()

    def step() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
        found = recording.decode(carry(start)) | recording.asked()
        names[:] = found
        return filled((), dtype="bool", value=True), tuple(found.values()), ()

    columns, _ = loop(step, filled((), dtype="int", value=1), into="length")
    return dict(zip(names, columns, strict=True))


def _frames(recording: Recording, rules: Rules) -> Found:
    """Frames by their own predictions, as many as each row asks for."""
    start, names, limits = recording.start(), list[str](), rules.limits
    assert limits is not None

    def step() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
        frame = carry(start)
        found = recording.decode(frame) | recording.asked(of_steps=True)
        names[:] = found
        renew(frame, recording.tracer.env[recording.plan.output, ""])
        return rules.reached(), tuple(found.values()), ()

    columns, _ = rules.repeat(step)
    result = {}
    for name, column in zip(names, map(rules.cut, columns), strict=True):
        live = outer(less, places(column, over="length"), limits)
        result[name] = one_best(select(live, column, 0.0))
    return {**result, "lengths": one_best(limits)}


def _rules(recording: Recording) -> Rules:
    """The limits of each row and of all."""
    plan, given = recording.plan, recording.given
    search, length = plan.search, plan.target.length
    settings = {setting.name: setting.among(given) for setting in search.settings()}
    own = recording.tracer.sources[plan.model.memory].length
    default = filled((), dtype="int", value=search.max_length)
    if length == "source":
        limits: Value | None = own
    elif length == "steps":
        limits = maximum(cover(given["steps"], over=BATCH, into="batch", value=0), 0)
    else:
        limits = limits_of(settings["max_length_ratio"], own)
    if limits is not None and length != "free":
        default = greatest(limits, over="batch")
    trips = default
    if "max_length" in given:
        trips = select(less(given["max_length"], 0), default, given["max_length"])
    for values in recording.ahead.values():
        trips = minimum(trips, extent(values, over="ahead"))
    limits = None if limits is None else minimum(limits, trips)
    return Rules(
        special=plan.model.spec.special,
        trips=trips,
        limits=limits,
        ends=length == "free",
        settings=settings,
        symbols=plan.symbols.get("target", 0),
        compact=search.compact,
        never=tuple(plan.banned),
        banned=given.get("banned"),
        prefix=_prefix(recording),
        listed=recording.shortlist.listed if recording.shortlist else None,
    )


def _prefix(recording: Recording) -> Value | None:
    """What each row starts with, `int[batch, forced]`, and a place of padding behind it.

    That is what the run says; where it says nothing, what the lexicon has.
    """
    said, known, pad = _said(recording), _known(recording), recording.plan.pad
    if known is None:
        return said and rename(said, said="forced")
    if said is None:
        return rename(known, known="forced")
    last_said, last_known = extent(said, over="said") - 1, extent(known, over="known") - 1
    place = iota(maximum(last_said, last_known) + 1, into="forced")
    return select(
        equal(take(said, const(value=0, dtype="int"), over="said"), pad),
        take(known, minimum(place, last_known), over="known"),
        take(said, minimum(place, last_said), over="said"),
    )


def _said(recording: Recording) -> Value | None:
    """What the run says that each row starts with, and padding behind it: `int[batch, said]`."""
    found, pad = recording.given.get("prefix"), recording.plan.pad
    if found is None:
        return None
    rows = rename(cover(found, over=BATCH, into="batch", value=pad), **{"given prefix": "prefix"})
    behind = filled((("batch", None), ("prefix", 1)), dtype="int", value=pad)
    return rename(concat(rows, behind, over="prefix"), prefix="said")


def _known(recording: Recording) -> Value | None:
    """The targets that the lexicon has, and padding behind them: `int[batch, known]`."""
    lexicon = recording.plan.lexicon
    if lexicon is None:
        return None
    (source,) = recording.tracer.sources.values()
    return lexicon.found(source, recording.plan.pad)
