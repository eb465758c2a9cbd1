"""Starts: from the encoder, or from nothing, to what a state is before the first step."""

from __future__ import annotations

from s2sgraph.attention.memory import Memory
from s2sgraph.graph.composed import activate, linear
from s2sgraph.graph.loops import States, spread
from s2sgraph.graph.ops import concat
from s2sgraph.graph.types import ShapeError
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import (
    Context,
    Final,
    Reading,
    learned,
    vector_of,
    zeros,
)
from s2sgraph.spec.settings import (
    CopyStart,
    DenseStart,
    LastStart,
    LearnedStart,
    MeanStart,
    Reference,
    StartKind,
    ZeroStart,
)

NAMES = ("start", "start_cell")
"""What the weights of a start are called, for h and c."""


def cell_start(
    start: StartKind, context: Context, size: int, states: int, layer: int, layers: int
) -> States:
    """The state of cell `layer` of `layers` before the first step: `states` of `[batch, feature]`.

    ShapeError if what it is copied from has another number of cells or features.
    """
    return tuple(_state(start, context, size, state, layer, layers) for state in range(states))


def value_start(start: StartKind, context: Context, size: int) -> Value:
    """What a value that `prev.` names is before the first step: `[batch, feature]`."""
    return _state(start, context, size, 0, 0, 1)


def _state(start: StartKind, c: Context, size: int, state: int, layer: int, layers: int) -> Value:
    lead = c.lead.only("batch")
    name = NAMES[state] if layers == 1 else f"{NAMES[state]}_{layer}"
    match start:
        case ZeroStart():
            return zeros(lead, size)
        case LearnedStart():
            return spread(learned(name, size), lead)
        case CopyStart(reference=reference):
            value = _counterpart(c.read(reference), state, layer, layers)
            return zeros(lead, size) if value is None else _sized(value, size, reference)
        case LastStart(last=reference):
            found = c.read(reference)
            top = Final(found.layers[-1:]) if isinstance(found, Final) else found
            value = _counterpart(top, state, 0, 1)
            return zeros(lead, size) if value is None else _sized(value, size, reference)
        case DenseStart(dense=references, activation=activation):
            values = [_dense_input(c.read(r), state, layer, layers) for r in references]
            x = concat(*values, over="feature") if len(values) > 1 else values[0]
            return activate(activation, linear(name, x, bias=f"{name}_bias", feature=size))
        case MeanStart(mean=reference, activation=activation):
            x = c.memory(reference).mean()
            return activate(activation, linear(name, x, bias=f"{name}_bias", feature=size))
    raise TypeError(start)


def _counterpart(found: Reading, state: int, layer: int, layers: int) -> Value | None:
    """The value that belongs to this state of this cell; None if its cell has no such state."""
    if not isinstance(found, Final):
        return found.last() if isinstance(found, Memory) else found
    if len(found.layers) != layers:
        raise ShapeError(
            f"{len(found.layers)} cells cannot start {layers}, one by one; "
            "give both as many layers, or start with {last: …}"
        )
    states = found.states(layer)
    return states[state] if state < len(states) else None


def _dense_input(found: Reading, state: int, layer: int, layers: int) -> Value:
    """Like `_counterpart`, but one cell feeds all, and h stands for a c that there is not."""
    if isinstance(found, Final) and len(found.layers) in (1, layers):
        states = found.states(layer if len(found.layers) == layers else 0)
        return states[min(state, len(states) - 1)]
    return found.last() if isinstance(found, Memory) else vector_of(found)


def _sized(value: Value, size: int, reference: Reference) -> Value:
    if value.size("feature") != size:
        raise ShapeError(
            f"the start has {size} features, {reference} has {value.size('feature')}; "
            f"write start: {{dense: {reference}}}"
        )
    return value
