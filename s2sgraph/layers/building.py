"""What a layer is given when it is traced, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from s2sgraph.attention.memory import Memory
from s2sgraph.graph.composed import vector
from s2sgraph.graph.loops import States, filled, spread
from s2sgraph.graph.ops import concat, select
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Initial, Value
from s2sgraph.layers.copying import Words
from s2sgraph.spec.settings import Reference


@dataclass(frozen=True)
class Final:
    """The states of a recurrent layer after each sentence's own last place.

    Attributes:
        layers: for each cell, from below, and each direction.
    """

    layers: tuple[dict[str, States], ...]

    def only(self, direction: str) -> Final:
        """The states of one direction; ShapeError if the layer does not run in it."""
        if any(direction not in layer for layer in self.layers):
            raise ShapeError(f"there is no {direction} direction here")
        return Final(tuple({direction: layer[direction]} for layer in self.layers))

    def states(self, layer: int) -> States:
        """The state of one cell, directions concatenated."""
        parts = zip(*self.layers[layer].values(), strict=True)
        return tuple(concat(*part, over="feature") if len(part) > 1 else part[0] for part in parts)

    def output(self) -> Value:
        """The h of the uppermost cell: `[batch, feature]`, the vector of the sentence."""
        return self.states(-1)[0]

    def cell(self) -> Value:
        """The c of the uppermost cell, `[batch, feature]`; ShapeError if it has none."""
        states = self.states(-1)
        if len(states) < 2:
            raise ShapeError("only an lstm has a cell")
        return states[1]


Reading = Value | Memory | Final


@dataclass(frozen=True)
class Parts:
    """What a layer gives: its output, named parts beside it, and its final states if it has any."""

    output: Value
    named: dict[str, Value] = field(default_factory=dict)
    final: Final | None = None


@dataclass(frozen=True)
class Context:
    """Where a layer stands.

    Attributes:
        inputs: the values it reads, one by one.
        below: which of them is the item before it, for residual connections; None if none is.
        over: the axis of the chain: that of the source, or `time`, which values lack in one step
            of decoding.
        lead: the type of one step without features: `[batch]`, or `[batch, beam]`.
        mask: `bool[batch, over]` of an encoder; None in a decoder.
        length: `int[batch]` of an encoder; None in a decoder.
        size: symbols of the vocabulary, or features of a frame, of the chain's side.
        tokens: whether that side is one of tokens.
        width: features of the layer's own output.
        wanted: names of the parts that somebody reads.
        read: the value of a reference of the settings.
        words: the words that can be copied from a source; None if the model copies none.
        tied: the path of the layer whose weight a reference names.
        now: the values of the step that the layer reads, by their references.
        shortlist: ids of the only symbols to be scored, `int[symbol]`, in decoding with such a
            list.
    """

    inputs: tuple[Value, ...]
    below: int | None
    over: str
    lead: Type
    mask: Value | None
    length: Value | None
    size: int
    tokens: bool
    width: int
    wanted: frozenset[str]
    read: Callable[[Reference], Reading]
    tied: Callable[[Reference], str]
    now: Mapping[Reference, Value] = field(default_factory=dict)
    words: Words | None = None
    shortlist: Value | None = None

    @property
    def x(self) -> Value:
        """All inputs as one, concatenated over features.

        Those without the axis of the chain are copied along it.
        """
        if len(self.inputs) == 1:
            return self.inputs[0]
        dims: dict[str, int | None] = {}
        for value in self.inputs:
            dims |= dict(value.type.without("feature").dims)
        lead = Type(
            "float",
            tuple((axis, dims[axis]) for axis in ("batch", "beam", self.over) if axis in dims),
        )
        return concat(*(spread(value, lead) for value in self.inputs), over="feature")

    def over_below(self, value: Value) -> Context:
        """The same place with another value from the item before; ShapeError if it reads none."""
        if self.below is None:
            raise ShapeError("a residual connection needs the item before among the inputs")
        inputs = (*self.inputs[: self.below], value, *self.inputs[self.below + 1 :])
        return replace(self, inputs=inputs)

    def memory(self, reference: Reference) -> Memory:
        """The memory that a reference of the settings means; ShapeError if it means none."""
        found = self.read(reference)
        if not isinstance(found, Memory):
            raise ShapeError(f"{reference} is not a sequence of an encoder that can be attended to")
        return found


class Widths(Protocol):
    """Sizes around a layer.

    They are looked up only when asked for, so that a layer of fixed size needs none.
    """

    @property
    def inputs(self) -> list[int]:
        """Features of each input."""
        ...

    @property
    def side(self) -> int:
        """Symbols of the vocabulary of the chain's side, or features of its frames."""
        ...

    def of(self, reference: Reference) -> int:
        """Features of what a reference of the settings means."""
        ...


@runtime_checkable
class Building(Protocol):
    """What every kind of layer does besides holding its settings."""

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        ...

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        ...


def vector_of(reading: Reading) -> Value:
    """A reading as one vector for each sentence; ShapeError if it is a sequence of an encoder."""
    if isinstance(reading, Memory):
        raise ShapeError("one vector is needed, not a sequence: read encoder.final or encoder.mean")
    return reading.output() if isinstance(reading, Final) else reading


def zeros(lead: Type, size: int) -> Value:
    """A start of zeros, with `feature` behind the axes of `lead`."""
    return filled((*lead.dims, ("feature", size)))


def learned(name: str, size: int) -> Value:
    """A trained start, near zero: `[feature]`."""
    return vector(name, Initial("normal", 0.02), feature=size)


def masked(values: Value, mask: Value) -> Value:
    """Values that are zero where the mask does not hold."""
    return select(mask, values, 0.0)
