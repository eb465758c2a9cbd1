"""The graph: values that know their type, nodes that name an operation, bodies that repeat."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from s2sgraph.graph.types import Size, Type

Layout = tuple[tuple[str, ...], ...]
"""One group of axes for each dimension of a tensor: `(("gate", "feature"), ("input",))`."""

OPERATORS: dict[str, Callable[..., Value]] = {}
"""What `+ - * /` record; filled by the elementwise operations."""


@dataclass(eq=False)
class Value:
    """One result of one node, an input, or a weight. Two values are equal only if they are one."""

    type: Type
    name: str = ""
    layout: Layout | None = None
    """How a weight is stored; and, once placed, how any value is."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of its axes, in their order."""
        return self.type.axes

    def size(self, axis: str) -> Size:
        """How long an axis that it has is; None if that is unknown until run."""
        return self.type.sizes[axis]

    def number(self, axis: str) -> int:
        """The size of an axis whose size is always known, such as `feature`; else ValueError."""
        size = self.type.sizes[axis]
        if size is None:
            raise ValueError(f"{axis} of {self.type} has no fixed size")
        return size

    def __add__(self, other: Value | float) -> Value:
        return OPERATORS["add"](self, other)

    def __sub__(self, other: Value | float) -> Value:
        return OPERATORS["sub"](self, other)

    def __mul__(self, other: Value | float) -> Value:
        return OPERATORS["mul"](self, other)

    def __truediv__(self, other: Value | float) -> Value:
        return OPERATORS["div"](self, other)


@dataclass(eq=False)
class Node:
    """An operation applied to values; `where` is the path of the layer it was traced in."""

    op: str
    inputs: tuple[Value, ...]
    attrs: dict[str, Any]
    outputs: tuple[Value, ...]
    body: Graph | None = None
    where: str = ""

    @property
    def needs(self) -> list[Value]:
        """The inputs, and whatever the body takes from outside."""
        return [*self.inputs, *(self.body.free() if self.body else ())]


@dataclass(frozen=True)
class Initial:
    """How a weight starts: `uniform` in ±scale, `normal` of deviation scale, `constant`: scale."""

    kind: Literal["uniform", "normal", "constant"] = "uniform"
    scale: float = 0.0


@dataclass(frozen=True)
class Weight:
    """A trained tensor: its value in the graph, named by its path, and how it starts."""

    value: Value
    initial: Initial

    @property
    def shape(self) -> tuple[int, ...]:
        """What it is stored as: one dimension for each group of its layout."""
        groups = self.value.layout or ()
        return tuple(math.prod(self.value.number(axis) for axis in group) for group in groups)


@dataclass(eq=False)
class Graph:
    """Nodes in an order in which they can run, between inputs and outputs.

    Weights by path and names of outputs are those of a whole graph; a body has neither.
    """

    inputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    weights: dict[str, Weight] = field(default_factory=dict)
    output_names: tuple[str, ...] = ()

    def free(self) -> list[Value]:
        """Values used here and made outside, in the order of their first use."""
        own = {*self.inputs, *(value for node in self.nodes for value in node.outputs)}
        used = [value for node in self.nodes for value in node.needs] + self.outputs
        return [value for value in dict.fromkeys(used) if value not in own]

    def substitute(self, instead: dict[Value, Value]) -> None:
        """Use other values in place of these, in all nodes, bodies and outputs."""
        for block in self.blocks():
            for node in block.nodes:
                node.inputs = tuple(instead.get(value, value) for value in node.inputs)
            block.outputs = [instead.get(value, value) for value in block.outputs]

    def uses(self) -> Counter[Value]:
        """How often each value is an operand or an output, here and in bodies."""
        found = Counter(v for block in self.blocks() for node in block.nodes for v in node.inputs)
        found.update(value for block in self.blocks() for value in block.outputs)
        return found

    def blocks(self) -> Iterator[Graph]:
        """This graph and the bodies within it, outermost first."""
        yield self
        for node in self.nodes:
            if node.body:
                yield from node.body.blocks()
