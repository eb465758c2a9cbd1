"""Compaction: rows that are finished leave the batch, and the steps that follow cost less.

Two loops, one in the other. The inner one makes steps until enough rows are finished; the outer one
takes those out and goes on with the others. In a step the axis `batch` is the rows that go on; the
axis `row` is all there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s2sgraph.graph import trace
from s2sgraph.graph.loops import Body, Finals, body, carry, filled, loop, renew, repeated
from s2sgraph.graph.ops import (
    and_,
    arrange,
    at_most,
    concat,
    cumsum,
    extent,
    floordiv,
    integer,
    least,
    less,
    maximum,
    not_,
    or_,
    rename,
    select,
    take,
    total,
    which,
)
from s2sgraph.graph.trace import Block, Form, flatten, unflatten
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Value

SHARE = 4
"""Rows leave when one in so many is finished."""

Blank = float | int | bool
"""What a row gives at the steps that it takes no part in."""


def compacting(
    step: Callable[[], tuple[Value, Form, Finals]],
    trips: Value,
    *,
    into: str,
    blanks: tuple[Blank, ...] = (),
) -> tuple[Form, Finals]:
    """What `loops.loop` gives, with fewer rows in a step as soon as some are over.

    A row is over when it is so along all other axes of `over`; at later steps it must give nothing
    that is read. What stands there instead are `blanks`, for the first results, and 0 for others.
    Every result and every wanted state has the axis `batch`.
    """
    found = body(step)
    wanted, emitted = flatten(found.wanted), found.emitted
    fillers = (*blanks, *(0 for _ in emitted[len(blanks) :]))
    tables = {v: _of_all(v) for v in found.block.graph.free() if _has_rows(v)}
    everyone = _of_all(filled((("batch", None),), dtype="bool", value=True))
    firsts = [_of_all(found.block.states[state].first) for state in wanted]
    starts = [_without_places(value.type, into) for value in emitted]

    def turn() -> tuple[Value, tuple[()], tuple[Value, ...]]:
        active, made = carry(everyone), carry(filled((), dtype="int"))
        lasts = [carry(first) for first in firsts]
        columns = [carry(start, grows=(into,)) for start in starts]
        rows = which(active, into="batch")
        among = {value: _among(rows, table, value.axes) for value, table in tables.items()}
        begun = take(not_(active), rows, over="row")
        finals, over, results = _steps(found, among, made, trips - made, begun, into)
        place = maximum(cumsum(integer(active), over="row") - 1, 0)

        def of_all(x: Value, otherwise: Value | Blank) -> Value:
            return _either(active, take(x, place, over="batch"), otherwise)

        for last, state in zip(lasts, wanted, strict=True):
            renew(last, of_all(finals[state], last))
        for column, result, blank in zip(columns, results, fillers, strict=True):
            renew(column, concat(column, of_all(result, blank), over=into))
        goes_on = and_(active, not_(of_all(over, True)))
        so_far = made + extent(results[0], over=into)
        renew(active, goes_on)
        renew(made, so_far)
        return or_(not_(goes_on), at_most(trips, so_far)), (), (*lasts, *columns)

    _, values = loop(turn, trips, into="turn")
    whole = [rename(value, row="batch") for value in values]
    columns, lasts = iter(whole[len(wanted) :]), iter(whole[: len(wanted)])
    return unflatten(found.results, columns), unflatten(found.wanted, lasts)


def _steps(
    found: Body[Any, Any],
    among: Mapping[Value, Value],
    made: Value,
    trips: Value,
    begun: Value,
    into: str,
) -> tuple[dict[Value, Value], Value, tuple[Value, ...]]:
    """The inner loop: steps with the rows there are, until enough of them are over.

    `among` are values from outside as these rows have them, `made` is how many steps there were
    before, and `begun`, `bool[batch]`, says that none is over yet. Returns the last values of the
    states, which rows are over, and the results. The outer loop carries the states of the others.
    """
    held = found.block.states
    before = [
        carry(state.first, grows=(*state.grows, "batch") if _has_rows(inside) else state.grows)
        for inside, state in held.items()
    ]
    enough = floordiv(extent(begun, over="batch") + (SHARE - 1), SHARE)
    graph, counter = found.block.graph, Value(Type("int"), "step")
    inner = Graph(inputs=[counter, *held, Value(begun.type)])
    with trace.inside(Block(inner, repeats=True)):
        number = counter + made
        inner.nodes += graph.nodes
        over = _rows_over(found.over)
        stop = at_most(enough, total(integer(over), over="batch"))
    _, *rest = graph.outputs
    inner.outputs = [stop, *rest[: len(held)], over, *rest[len(held) :]]
    inner.substitute({graph.inputs[0]: number, **among})
    grows = (*(state.grows for state in held.values()), ())
    outputs = repeated(inner, trips, (*before, begun), grows, into=into)
    finals, over, results = outputs[: len(held)], outputs[len(held)], outputs[len(held) + 1 :]
    others = which(not_(over), into="other")
    for state, final in zip(before, finals, strict=True):
        if _has_rows(final):
            final = rename(take(final, others, over="batch"), other="batch")
        renew(state, final)
    return dict(zip(held, finals, strict=True)), over, results


def _has_rows(value: Value) -> bool:
    return "batch" in value.axes


def _of_all(value: Value) -> Value:
    """A value of all rows, as such."""
    return rename(value, batch="row")


def _among(rows: Value, table: Value, axes: tuple[str, ...]) -> Value:
    """What the rows of these numbers have of a value of all."""
    return arrange(take(table, rows, over="row"), axes=axes)


def _without_places(type: Type, into: str) -> Value:
    """The results of no step."""
    return filled(((into, 0), *type.renamed({"batch": "row"}).dims), dtype=type.dtype)


def _rows_over(over: Value) -> Value:
    """Which rows are over along all their other axes: `bool[batch]`."""
    for axis in over.type.without("batch").axes:
        over = less(0, least(integer(over), over=axis))
    return over


def _either(active: Value, x: Value, otherwise: Value | Blank) -> Value:
    """What x says of active rows, and else what is said otherwise; of numbers or truths."""
    if x.type.dtype != "bool":
        return select(active, x, otherwise)
    if isinstance(otherwise, Value):
        return or_(and_(active, x), and_(not_(active), otherwise))
    return or_(x, not_(active)) if otherwise else and_(active, x)
