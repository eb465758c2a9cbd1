"""What repeats: states carried from step to step, steps along an axis, and the loop of decoding.

A part is written once, as one step. Whether its values have the axis `over` decides what it
becomes: with the axis it runs at all places (training), without it it is one step of the loop
around it (decoding).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from s2sgraph.graph import trace
from s2sgraph.graph.composite import composite
from s2sgraph.graph.ops import (
    append,
    arrange,
    draws,
    dropout,
    every,
    expand,
    full,
    less,
    places,
    rename,
    select,
    shift,
    take,
)
from s2sgraph.graph.trace import Block, Form, State, Tree, flatten, unflatten
from s2sgraph.graph.types import DType, ShapeError, Size, Type
from s2sgraph.graph.values import Graph, Value

States = tuple[Value, ...]
"""The state of one cell: h, or h and c, each `[batch, feature]`."""


class Cell(Protocol):
    """One step of a recurrence."""

    @property
    def kernel(self) -> str:
        """What engines may have for the whole recurrence, by name; "" if none has anything."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """What that kernel must know besides weights and states."""
        ...

    def __call__(self, x: Value, state: States, /) -> tuple[Value, States]:
        """The output of a step and the state after it, from x `[…, feature]` and the state."""
        ...


# -- states -----------------------------------------------------------------------------


def carry(first: Value, *, grows: tuple[str, ...] = ()) -> Value:
    """A state of the loop being recorded: `first` at the first step, then what `renew` says.

    `grows` names the axes whose size changes from step to step. RuntimeError outside of a loop.
    """
    block = trace.current()
    if not block.repeats:
        raise RuntimeError(f"{trace.here()}: a state outside a loop")
    dims = tuple((axis, None if axis in grows else size) for axis, size in first.type.dims)
    state = Value(Type(first.type.dtype, dims))
    block.states[state] = State(first, state, grows)
    block.graph.inputs.append(state)
    return state


def renew(state: Value, following: Value) -> None:
    """Say what a state is at the next step; ShapeError if that is of another type."""
    if (
        dict(state.type.dims) != dict(following.type.dims)
        or state.type.dtype != following.type.dtype
    ):
        raise ShapeError(f"a state keeps its type, but {state.type} would become {following.type}")
    in_order = following if following.axes == state.axes else arrange(following, axes=state.axes)
    trace.current().states[state].following = in_order


def follow(parent: Value, *, over: str, but: tuple[Value, ...] = ()) -> None:
    """Let every state of the loop that has an axis go on from other places of it.

    `parent`, `int[…, over]`, says from which place each new one goes on. States in `but` are left
    as they are.
    """
    for state, held in trace.current().states.items():
        if over in state.axes and state not in but:
            renew(state, take(held.following, parent, over=over))


def step_number() -> Value:
    """How many steps the decode loop has made: `int`; RuntimeError outside of one."""
    counters = (block.counter for block in reversed(trace.enclosing()))
    found = next((counter for counter in counters if counter is not None), None)
    if found is None:
        raise RuntimeError("a step number outside a decode loop")
    return found


def witness(axis: str) -> Value:
    """A value that has this axis, for its size: the outermost, so that no loop has to make it.

    One whose size only the run knows comes before those of a fixed size.
    """
    fixed = None
    for block in trace.enclosing():
        for value in (
            *block.graph.inputs,
            *(value for node in block.graph.nodes for value in node.outputs),
        ):
            if axis in value.axes:
                if value.size(axis) is None:
                    return value
                fixed = fixed or value
    if fixed is None:
        raise ShapeError(f"no value has an axis {axis!r}, so its size is unknown")
    return fixed


def filled(
    dims: tuple[tuple[str, Size], ...], *, dtype: DType = "float", value: float = 0.0
) -> Value:
    """One number everywhere along these axes; a size of None is read from a value at hand."""
    likes = dict.fromkeys(witness(axis) for axis, size in dims if size is None)
    return full(*likes, dims=dims, dtype=dtype, value=value)


def spread(x: Value, like: Type) -> Value:
    """A value with all axes of `like`: copies of x along those that it lacks."""
    for axis, size in like.dims:
        if axis not in x.axes:
            as_many = witness(axis) if size is None else filled(((axis, size),))
            x = expand(x, as_many, axes=(axis,))
    order = (*like.axes, *(axis for axis in x.axes if axis not in like.axes))
    return x if order == x.axes else arrange(x, axes=order)


def kept(dims: tuple[tuple[str, Size], ...], rate: float) -> Value | None:
    """Factors that drop: zero with probability `rate`, else 1 / (1 - rate), along these axes.

    They are drawn once, before all loops, so each is the same at every step; another one in the
    next batch. None where nothing is dropped: at a rate of zero, and where it is not trained.
    """
    if not rate or trace.mode() != "train":
        return None
    with trace.before_loops():
        return dropout(filled(dims, value=1.0), rate=rate)


# -- along an axis ----------------------------------------------------------------------


def each(
    step: Callable[..., Form], xs: tuple[Value, ...], *, over: str, reverse: bool = False
) -> Form:
    """`step(*xs)` at every place along an axis, its states going from place to place.

    Values without the axis are the same at all places; if none has it, the step is made once, as
    part of the loop around.
    """
    if not any(over in x.axes for x in xs):
        return step(*xs)
    return _scan(step, xs, over=over, reverse=reverse)[0]


def _scan(
    step: Callable[..., Form], xs: tuple[Value, ...], *, over: str, reverse: bool
) -> tuple[Form, States]:
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
    return unflatten(result, iter(outputs)), outputs[len(results) :]


def _stacked(type: Type, over: str, size: Size) -> Type:
    """The type of all places: the new axis stands behind batch and beam."""
    place = sum(axis in ("batch", "beam") for axis in type.axes[:2])
    return Type(type.dtype, (*type.dims[:place], (over, size), *type.dims[place:]))


def recur(
    cell: Cell,
    x: Value,
    state: States,
    *,
    over: str,
    length: Value | None = None,
    reverse: bool = False,
) -> tuple[Value, States]:
    """A cell along an axis of x `[…, over, feature]`: its outputs, and its state after the last.

    With `length` (`int[batch]`) a sentence ends at its own last place: outputs behind it are zero,
    and the final state is the one there (in reverse, the state starts there). Without the axis it
    is one step of the loop around.
    """
    if over not in x.axes:
        return _stepped(cell, x, state)
    lead = x.type.without(over, "feature")

    def whole(x: Value, ends: tuple[Value, ...], state: States) -> tuple[Value, States]:
        def step(x: Value, place: Value) -> Value:
            before = tuple(carry(first) for first in state)
            y, after = cell(x, before)
            for length in ends:
                live = less(place, length)
                after, y = _where(live, after, before), select(live, y, 0.0)
            _renew_all(before, after)
            return y

        return _scan(step, (x, places(x, over=over)), over=over, reverse=reverse)

    ends = () if length is None else (length,)
    inputs = (x, ends, tuple(spread(first, lead) for first in state))
    settings = {"ragged": bool(ends), **cell.settings, "over": over, "reverse": reverse}
    return composite(cell.kernel, whole, inputs, **settings)


def _stepped(cell: Cell, x: Value, state: States) -> tuple[Value, States]:
    """One step of a cell, whose state the loop around carries."""
    before = tuple(carry(spread(first, x.type.without("feature"))) for first in state)
    y, after = composite(cell.kernel, cell, (x, before), **cell.settings)
    _renew_all(before, after)
    return y, after


def _where(live: Value, new: States, old: States) -> States:
    return tuple(select(live, n, o) for n, o in zip(new, old, strict=True))


def _renew_all(old: States, new: States) -> None:
    for state, following in zip(old, new, strict=True):
        renew(state, following)


def previous(x: Value, start: Value, *, over: str = "time") -> Value:
    """What x was one step earlier, and `start` at the first."""
    if over in x.axes:
        return shift(x, spread(start, x.type.without(over)), over=over)
    state = carry(spread(start, x.type))
    renew(state, x)
    return state


def remember(x: Value, *, over: str = "time", past: str = "past") -> Value:
    """What x is at all places so far, along `past`.

    With the axis these are all places there are, and what is to come must be masked; without it,
    those that the loop around has seen.
    """
    if over in x.axes:
        return rename(x, **{over: past})
    last = len(x.type.dims) - 1
    cache = carry(filled((*x.type.dims[:last], (past, 0), *x.type.dims[last:])), grows=(past,))
    longer = append(cache, x, over=past)
    renew(cache, longer)
    return longer


# -- the decode loop --------------------------------------------------------------------

Finals = TypeVar("Finals", bound=Tree)
"""A tree of states whose last value is wanted."""


@dataclass(frozen=True)
class Body(Generic[Form, Finals]):
    """The recorded body of a decode loop, before it is given to one.

    Attributes:
        block: its nodes and states.
        over: what is finished after a step, in the body.
        results: what a step gives.
        wanted: the states whose last value is wanted.
    """

    block: Block
    over: Value
    results: Form
    wanted: Finals

    @property
    def emitted(self) -> list[Value]:
        """The results one by one."""
        return flatten(self.results)


def body(step: Callable[[], tuple[Value, Form, Finals]]) -> Body[Form, Finals]:
    """Record `step() -> over, results, states`; what is the same at every step is made outside."""
    counter = Value(Type("int"), "step")
    with trace.inside(Block(Graph(inputs=[counter]), repeats=True, counter=counter)) as block:
        found = Body(block, *step())
    after = (state.following for state in block.states.values())
    block.graph.outputs = [found.over, *after, *found.emitted]
    hoist(block.graph, trace.current().graph)
    _started_outside(block)
    return found


def loop(
    step: Callable[[], tuple[Value, Form, Finals]], trips: Value, *, into: str
) -> tuple[Form, Finals]:
    """Repeat `step() -> over, results, states` until all is over, at most `trips` times.

    At least one step is made. Returns the results of all steps, stacked along a new first axis
    `into`, and the last value of those states.
    """
    found = body(step)
    block, emitted = found.block, found.emitted
    with trace.inside(block):
        block.graph.outputs[0] = every(found.over)
    first = tuple(state.first for state in block.states.values())
    grows = tuple(state.grows for state in block.states.values())
    outputs = repeated(block.graph, trips, first, grows, into=into)
    finals = dict(zip(block.states, outputs, strict=False))
    wanted = unflatten(found.wanted, (finals[state] for state in flatten(found.wanted)))
    return unflatten(found.results, iter(outputs[len(outputs) - len(emitted) :])), wanted


def repeated(
    inside: Graph,
    trips: Value,
    first: tuple[Value, ...],
    grows: tuple[tuple[str, ...], ...],
    *,
    into: str,
) -> tuple[Value, ...]:
    """A loop node: the states after the last step, then the results of all, stacked.

    `inside` is given the number of the step and the states; its outputs are whether to stop, the
    states, and the results.
    """
    states, emitted = inside.outputs[1 : 1 + len(first)], inside.outputs[1 + len(first) :]
    types = (
        *(value.type for value in inside.inputs[1:]),
        *(Type(value.type.dtype, ((into, None), *value.type.dims)) for value in emitted),
    )
    attrs = {"states": len(states), "grows": grows}
    return trace.emit("loop", (trips, *first), types, attrs, inside)


def hoist(body: Graph, outer: Graph, place: int | None = None) -> None:
    """Move out of a body what does not depend on what changes from step to step.

    It goes to `place` among the nodes of the graph around, by default behind them all. What is
    drawn at random changes with every step.
    """
    changing = set(body.inputs)
    moving, still = [], []
    for node in body.nodes:
        if draws(node) or changing.intersection(node.needs):
            changing.update(node.outputs)
            moving.append(node)
        else:
            still.append(node)
    body.nodes = moving
    at = len(outer.nodes) if place is None else place
    outer.nodes[at:at] = still


def _started_outside(block: Block) -> None:
    made = {*block.graph.inputs, *(value for node in block.graph.nodes for value in node.outputs)}
    for state in block.states.values():
        if state.first in made:
            raise ShapeError("the start of a state depends on the steps that it starts")
