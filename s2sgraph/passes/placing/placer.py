"""From names to places: a graph of named axes becomes one of dimensions.

Renaming, splitting and merging axes cost nothing: they change a layout, not a tensor. A reshape or
a transpose is made only where an operation needs another layout than its operand has; a poor choice
is slow, never wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Layout, Node, Value, Weight
from s2sgraph.passes.placing.layout import apart, apiece, axes_of, blocks, broadcast


@dataclass(frozen=True)
class Extent:
    """A size found when the graph runs: `factor` times some dimensions of the node's operands.

    Each of `dims` is the place of an operand, and a dimension of it.
    """

    factor: int
    dims: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Placed:
    """A named value as a tensor: the raw value, and what its dimensions stand for now."""

    raw: Value
    layout: Layout
    type: Type

    def size(self, group: tuple[str, ...]) -> int | None:
        """How long a dimension made of these axes is, or None."""
        sizes = [self.type.sizes[axis] for axis in group]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)


Rule = Callable[..., Placed | list[Placed]]
RULES: dict[str, Rule] = {}
"""How each operation is placed; one without a rule is elementwise."""

Kernel = Callable[["Placer", Node, list[Placed]], list[Placed] | None]
"""Places a composite as one node, or returns None to have its body placed instead."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declare how these operations are placed: `rule(placer, node, *operands, **attrs)`."""

    def declare(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return declare


class Placer:
    """Places one graph; `kernels` says which composites the engine has, by name.

    Attributes:
        graph: the placed graph.
        here: the graph or body that nodes are recorded into.
        env: what stands for each named value.
        names: weights of the named graph, by the last word of their path.
        used: the named values that anything reads.
        sizes: where the size of an axis can be read: a raw value and its dimension.
        flat_places: places in flattened tables, made once in each body.
        where: the path of the layer whose node is being placed.
    """

    def __init__(self, graph: Graph, kernels: dict[str, Kernel]) -> None:
        self.kernels = kernels
        self.used = graph.uses()
        self.env: dict[Value, Placed] = {}
        self.sizes: dict[str, tuple[Value, int]] = {}
        self.flat_places: dict[Any, Placed] = {}
        self.where = ""
        self.graph = self.here = Graph(output_names=graph.output_names)
        for value in graph.inputs:
            self.graph.inputs.append(self.declare(value, apiece(*value.axes)))
        for path, weight in graph.weights.items():
            raw = self.declare(weight.value, weight.value.layout or apiece(*weight.value.axes))
            self.graph.weights[path] = Weight(raw, weight.initial)
        self.names = {
            weight.value: path.rsplit(".", 1)[-1] for path, weight in graph.weights.items()
        }
        self.block(graph)
        outputs = [self.conform(self.env[value], apiece(*value.axes)) for value in graph.outputs]
        self.graph.outputs = [placed.raw for placed in outputs]

    # -- recording --------------------------------------------------------------------

    def declare(self, value: Value, layout: Layout) -> Value:
        """A value that comes from outside the graph being placed, in this layout."""
        raw = Value(value.type, value.name, layout)
        self.env[value] = Placed(raw, layout, value.type)
        self.witness(self.env[value])
        return raw

    def emit(
        self,
        op: str,
        inputs: list[Value],
        layouts: list[Layout],
        types: list[Type],
        body: Graph | None = None,
        **attrs: Any,
    ) -> list[Placed]:
        """Record one positional node."""
        outputs = tuple(
            Value(type, "", layout) for type, layout in zip(types, layouts, strict=True)
        )
        self.here.nodes.append(Node(op, tuple(inputs), attrs, outputs, body, self.where))
        return [
            Placed(raw, layout, type)
            for raw, layout, type in zip(outputs, layouts, types, strict=True)
        ]

    def op(self, op: str, inputs: list[Value], layout: Layout, type: Type, **attrs: Any) -> Placed:
        """Record one positional node with one result."""
        return self.emit(op, inputs, [layout], [type], **attrs)[0]

    def block(self, graph: Graph) -> None:
        """Place the nodes of a graph, one after the other, into the graph being made."""
        for node in graph.nodes:
            self.where = node.where
            operands = [self.env[value] for value in node.inputs]
            for output, placed in zip(node.outputs, self._node(node, operands), strict=True):
                self.env[output] = placed
                self.witness(placed)

    def _node(self, node: Node, operands: list[Placed]) -> list[Placed]:
        if node.op in RULES:
            result = RULES[node.op](self, node, *operands, **node.attrs)
            return result if isinstance(result, list) else [result]
        if node.body:
            kernel = self.kernels.get(node.op)
            placed = kernel(self, node, operands) if kernel else None
            return placed if placed is not None else self._lowered(node, operands)
        layout = self.meet(operands, node.outputs[0].axes)
        inputs = [self.conform(x, broadcast(layout, x.type.axes)).raw for x in operands]
        return [self.op(node.op, inputs, layout, node.outputs[0].type)]

    def _lowered(self, node: Node, operands: list[Placed]) -> list[Placed]:
        """The body of a composite, in place of the composite."""
        assert node.body is not None
        self.env.update(zip(node.body.inputs, operands, strict=True))
        self.block(node.body)
        return [self.env[value] for value in node.body.outputs]

    @contextmanager
    def inner(self, grows: tuple[tuple[str, ...], ...]) -> Iterator[Graph]:
        """Record into a new body; what was learnt of sizes in there is forgotten after it.

        Those of axes that grow from step to step, in any state, are forgotten at once.
        """
        outer, sizes, flat = self.here, dict(self.sizes), dict(self.flat_places)
        self.here = Graph()
        for axis in chain(*grows):
            self.sizes.pop(axis, None)
        try:
            yield self.here
        finally:
            self.here, self.sizes, self.flat_places = outer, sizes, flat

    def witness(self, placed: Placed) -> None:
        """Remember where the size of an axis can be read."""
        for dim, group in enumerate(placed.layout):
            if len(group) == 1 and placed.type.sizes[group[0]] is None and group[0] not in GROWING:
                self.sizes.setdefault(group[0], (placed.raw, dim))

    # -- sizes ------------------------------------------------------------------------

    def extent(
        self, type: Type, group: tuple[str, ...], extra: list[Value], first: int
    ) -> int | Extent:
        """How long a dimension is: a number, or read from operands, which are added to `extra`."""
        factor = math.prod(size for axis in group if (size := type.sizes[axis]) is not None)
        dims = []
        for axis in group:
            if type.sizes[axis] is None:
                raw, dim = self.sizes[axis]
                dims.append((first + len(extra), dim))
                extra.append(raw)
        return Extent(factor, tuple(dims)) if dims else factor

    def _shape(self, v: Placed, target: Layout) -> tuple[list[int | Extent], list[Value]]:
        """The shape of a reshape: numbers, 0 (as it is), -1 (the rest), or extents.

        With it, the further operands that the extents are read from.
        """
        sizes = [v.size(group) for group in target]
        same = [i < len(v.layout) and v.layout[i] == group for i, group in enumerate(target)]
        shape: list[int | Extent | None] = [
            0 if s and n is None else n for s, n in zip(same, sizes, strict=True)
        ]
        unknown = [i for i, n in enumerate(shape) if n is None]

        def cost(i: int) -> tuple[bool, int]:
            return target[i] not in v.layout, sum(v.type.sizes[axis] is None for axis in target[i])

        unknown.sort(key=cost)  # the rest is the dimension that takes most to find
        extra: list[Value] = []
        for i in unknown[:-1]:
            if target[i] in v.layout:
                shape[i] = Extent(1, ((1 + len(extra), v.layout.index(target[i])),))
                extra.append(v.raw)
            else:
                shape[i] = self.extent(v.type, target[i], extra, 1)
        return [-1 if n is None else n for n in shape], extra

    # -- layouts ----------------------------------------------------------------------

    def reshape(self, v: Placed, target: Layout) -> Placed:
        """The same value with its axes, in the order they have, in other dimensions."""
        if v.layout == target:
            return v
        shape, extra = self._shape(v, target)
        return self.op("reshape", [v.raw, *extra], target, v.type, shape=tuple(shape))

    def conform(self, v: Placed, target: Layout) -> Placed:
        """The same value in another layout."""
        want = axes_of(target)
        assert sorted(axes_of(v.layout)) == sorted(want), (
            f"{self.where}: {v.layout} cannot become {target}"
        )
        if axes_of(v.layout) != want:
            pieces = blocks(v.layout, target)
            v = self.reshape(v, pieces)
            order = sorted(range(len(pieces)), key=lambda i: want.index(pieces[i][0]))
            v = self.op(
                "transpose", [v.raw], tuple(pieces[i] for i in order), v.type, perm=tuple(order)
            )
        return self.reshape(v, target)

    def meet(self, values: list[Placed], axes: tuple[str, ...]) -> Layout:
        """A layout with these axes that all values can be broadcast to."""
        best = max(values, key=lambda v: len(v.type.axes))
        layout = best.layout if set(best.type.axes) == set(axes) else apiece(*axes)
        for v in values:
            partial = [g for g in layout if 0 < sum(axis in v.type.axes for axis in g) < len(g)]
            layout = apart(layout, *(axis for group in partial for axis in group))
        return layout


GROWING = frozenset({"past", "history", "length"})
"""Axes whose size differs from step to step: it is only ever read from the value itself."""
