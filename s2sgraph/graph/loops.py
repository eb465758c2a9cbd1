"""What repeats: states carried from step to step, steps along an axis, and the loop of decoding.

A part is written once, as one step. Whether its values have the axis `over` decides what it becomes: with the axis it
runs at all places (training), without it it is one step of the loop around it (decoding).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import networkx as nx

from s2sgraph.graph import trace
from s2sgraph.graph.ops import DRAWN, append, expand, full, less, places, rename, select, shift
from s2sgraph.graph.trace import Block, State, Tree, flatten, unflatten
from s2sgraph.graph.types import DType, ShapeError, Size, Type
from s2sgraph.graph.values import Graph, Value


class Cell(Protocol):
    """One step of a recurrence. `kernel` names what an engine may have for the whole of it ("" if nothing has)."""

    kernel: str
    settings: dict[str, Any]

    def __call__(self, x: Value, state: tuple[Value, ...]) -> tuple[Value, tuple[Value, ...]]: ...


# -- states -----------------------------------------------------------------------------


def carry(first: Value, *, grows: str = "") -> Value:
    """A state of the loop being recorded, which starts as `first`; `renew` says what it is at the next step."""
    block = trace.current()
    if not block.repeats:
        raise RuntimeError(f"{trace.here()}: a state outside a loop")
    dims = tuple((axis, None if axis == grows else size) for axis, size in first.type.dims)
    state = Value(Type(first.type.dtype, dims))
    block.states[state] = State(first, state, grows)
    block.graph.inputs.append(state)
    return state


def renew(state: Value, following: Value) -> None:
    """What a state is at the next step."""
    if (
        dict(state.type.dims) != dict(following.type.dims)
        or state.type.dtype != following.type.dtype
    ):
        raise ShapeError(
            f"{trace.here()}: a state keeps its type, and {state.type} would become {following.type}"
        )
    trace.current().states[state].following = following


def step_number() -> Value:
    """How many steps the decode loop has made: int."""
    counters = (block.counter for block in reversed(trace.enclosing()))
    found = next((counter for counter in counters if counter is not None), None)
    if found is None:
        raise RuntimeError("a step number outside a decode loop")
    return found


def witness(axis: str) -> Value:
    """A value that has this axis and was made outside every loop being recorded, so that only its size is asked."""
    for block in trace.enclosing():
        for value in (
            *block.graph.inputs,
            *(value for node in block.graph.nodes for value in node.outputs),
        ):
            if axis in value.axes:
                return value
    raise ShapeError(f"{trace.here()}: no value has an axis {axis!r}")


def filled(
    dims: tuple[tuple[str, Size], ...], *, dtype: DType = "float", value: float = 0.0
) -> Value:
    """One number everywhere along these axes; sizes that are not given are found."""
    likes = dict.fromkeys(witness(axis) for axis, size in dims if size is None)
    return full(*likes, dims=dims, dtype=dtype, value=value)


def spread(x: Value, like: Type) -> Value:
    """x with all axes of `like`: copied along those that it lacks."""
    for axis, size in like.dims:
        if axis not in x.axes:
            x = expand(
                x, filled(((axis, size),)) if size is not None else witness(axis), axes=(axis,)
            )
    return x


# -- along an axis ----------------------------------------------------------------------


def each(
    step: Callable[..., Tree], xs: tuple[Value, ...], *, over: str, reverse: bool = False
) -> Tree:
    """`step(*xs)` at every place along an axis, its states going from place to place; without the axis, once."""
    if not any(over in x.axes for x in xs):
        return step(*xs)
    return _scan(step, xs, over=over, reverse=reverse)[0]


def _scan(
    step: Callable[..., Tree], xs: tuple[Value, ...], *, over: str, reverse: bool
) -> tuple[Tree, list[Value]]:
    """The results of all places, and the states after the last."""
    slices = {x: Value(x.type.without(over)) for x in xs if over in x.axes}
    with trace.inside(Block(Graph(inputs=[*slices.values()]), repeats=True)) as block:
        result = step(*(slices.get(x, x) for x in xs))
    results = flatten(result)
    states = [*block.states.values()]
    block.graph.outputs = [*results, *(state.following for state in states)]
    hoist(block.graph, trace.current().graph)
    _started_outside(block)
    size = next(iter(slices)).size(over)
    types = (
        *(_stacked(value.type, over, size) for value in results),
        *(inside.type for inside in block.states),
    )
    grows = tuple(state.grows for state in states)
    attrs = {"over": over, "reverse": reverse, "states": len(states), "grows": grows}
    outputs = trace.emit(
        "scan", (*slices, *(state.first for state in states)), types, attrs, block.graph
    )
    return unflatten(result, iter(outputs)), [*outputs[len(results) :]]


def _stacked(type: Type, over: str, size: Size) -> Type:
    """The type of all places: the new axis stands behind batch and beam."""
    place = sum(axis in ("batch", "beam") for axis in type.axes[:2])
    return Type(type.dtype, (*type.dims[:place], (over, size), *type.dims[place:]))


def recur(
    cell: Cell,
    x: Value,
    state: tuple[Value, ...],
    *,
    over: str,
    length: Value | None = None,
    reverse: bool = False,
) -> tuple[Value, tuple[Value, ...]]:
    """A cell along an axis of x: its outputs, and its state after the last place.

    With `length` (int[batch]) a sentence ends at its own last place: outputs behind it are zero, and the final state is
    the one there (in reverse, the state starts there). Without the axis it is one step of the loop around.
    """
    if over not in x.axes:
        before = tuple(carry(spread(first, x.type.without("feature"))) for first in state)
        y, after = composite(cell.kernel, cell, (x, before), **cell.settings)
        for old, new in zip(before, after, strict=True):
            renew(old, new)
        return y, after
    lead = x.type.without(over, "feature")
    state = tuple(spread(first, lead) for first in state)

    def whole(x: Value, ends: tuple[Value, ...], state: tuple[Value, ...]) -> Tree:
        def step(x: Value, place: Value) -> Value:
            before = tuple(carry(first) for first in state)
            y, after = cell(x, before)
            if ends:
                live = less(place, ends[0])
                after = tuple(
                    select(live, new, old) for new, old in zip(after, before, strict=True)
                )
                y = select(live, y, 0.0)
            for old, new in zip(before, after, strict=True):
                renew(old, new)
            return y

        y, final = _scan(step, (x, places(x, over=over)), over=over, reverse=reverse)
        return y, tuple(final)

    def ends_given(x: Value, length: Value, state: tuple[Value, ...]) -> Tree:
        return whole(x, (length,), state)

    settings = {**cell.settings, "over": over, "reverse": reverse}
    if length is None:
        return composite(
            cell.kernel, lambda x, state: whole(x, (), state), (x, state), ragged=False, **settings
        )
    return composite(cell.kernel, ends_given, (x, length, state), ragged=True, **settings)


def previous(x: Value, start: Value, *, over: str = "time") -> Value:
    """x one step earlier, and `start` at the first."""
    if over in x.axes:
        return shift(x, spread(start, x.type.without(over)), over=over)
    state = carry(spread(start, x.type))
    renew(state, x)
    return state


def remember(x: Value, *, over: str = "time", past: str = "past") -> Value:
    """x at all places so far, along `past`: all there are (what is to come must be masked), or those the loop has seen."""
    if over in x.axes:
        return rename(x, **{over: past})
    last = len(x.type.dims) - 1
    cache = carry(filled((*x.type.dims[:last], (past, 0), *x.type.dims[last:])), grows=past)
    longer = append(cache, x, over=past)
    renew(cache, longer)
    return longer


# -- the decode loop --------------------------------------------------------------------


def loop(
    step: Callable[[], tuple[Value, Tree, Tree]], trips: Value, *, into: str
) -> tuple[Tree, Tree]:
    """Repeat `step() -> finished, results, states` until finished, `trips` times at most, and at least once.

    Returns the results of all steps, stacked along a new first axis `into`, and the last value of the states.
    """
    counter = Value(Type("int"), "step")
    with trace.inside(Block(Graph(inputs=[counter]), repeats=True, counter=counter)) as block:
        finished, results, wanted = step()
    emitted, states = flatten(results), [*block.states.values()]
    block.graph.outputs = [finished, *(state.following for state in states), *emitted]
    hoist(block.graph, trace.current().graph)
    _started_outside(block)
    types = (
        *(inside.type for inside in block.states),
        *(Type(value.type.dtype, ((into, None), *value.type.dims)) for value in emitted),
    )
    attrs = {"states": len(states), "grows": tuple(state.grows for state in states)}
    outputs = trace.emit(
        "loop", (trips, *(state.first for state in states)), types, attrs, block.graph
    )
    order = [*block.states]
    finals = unflatten(wanted, (outputs[order.index(state)] for state in flatten(wanted)))
    return unflatten(results, iter(outputs[len(states) :])), finals


def hoist(body: Graph, outer: Graph, place: int | None = None) -> None:
    """Move what does not depend on what changes from step to step out of a body, to `place` in the graph around."""
    flow = nx.DiGraph()
    flow.add_nodes_from(body.inputs)
    for node in body.nodes:
        flow.add_edges_from((value, output) for value in node.needs for output in node.outputs)
    drawn = [output for node in body.nodes if node.op in DRAWN for output in node.outputs]
    changing = set(body.inputs).union(
        drawn, *(nx.descendants(flow, v) for v in (*body.inputs, *drawn))
    )
    still = [node for node in body.nodes if not changing.intersection(node.outputs)]
    body.nodes = [node for node in body.nodes if changing.intersection(node.outputs)]
    at = len(outer.nodes) if place is None else place
    outer.nodes[at:at] = still


def _started_outside(block: Block) -> None:
    made = {*block.graph.inputs, *(value for node in block.graph.nodes for value in node.outputs)}
    for state in block.states.values():
        if state.first in made:
            raise ShapeError(
                f"{trace.here()}: the start of a state depends on the steps that it starts"
            )


# -- one node, several ways to compute it -------------------------------------------------


def composite(name: str, function: Callable[..., Tree], inputs: Tree, **attrs: Any) -> Tree:
    """`function(*inputs)` as one node of that name, with the recorded steps as its body.

    An engine that has a kernel of that name may use it; any other computes the body. Without a name the steps are
    recorded as they are.
    """
    if not name:
        return function(*inputs)
    outside = flatten(inputs)
    inner = Graph(inputs=[Value(value.type) for value in outside])
    with trace.inside(Block(inner)):
        result = function(*unflatten(inputs, iter(inner.inputs)))
    inner.outputs = flatten(result)
    outputs = trace.emit(
        name, tuple(outside), tuple(value.type for value in inner.outputs), attrs, inner
    )
    return unflatten(result, iter(outputs))
