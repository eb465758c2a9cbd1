"""Recording of torch.fx nodes: names, sizes, constants as buffers, bodies as modules."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

from s2sgraph.graph.numbers import Numbers
from s2sgraph.graph.types import DType
from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.passes.placing import Extent

DTYPES: dict[DType, torch.dtype] = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
Operand = fx.Node | float
"""A node of torch.fx, or a number."""


class Emitter:
    """Translates the nodes of one placed graph or body into one fx graph.

    Attributes:
        root: the module that constants and bodies are registered in.
        paths: the path of each weight.
        graph: what has been recorded.
        env: the fx node of each value; of a constant, its number.
        counts: how many constants and bodies there are, by their kind.
        where: the path of the layer whose node is being written.
    """

    def __init__(self, root: nn.Module, paths: dict[Value, str]) -> None:
        self.root, self.paths = root, paths
        self.graph = fx.Graph()
        self.env: dict[Value, Operand] = {}
        self.counts: Counter[str] = Counter()
        self.where = ""

    def get(self, value: Value) -> Operand:
        """A weight, or what was recorded for a value made before."""
        if value not in self.env:
            self.env[value] = self.graph.get_attr(self.paths[value])
        return self.env[value]

    def tensor(self, value: Value) -> fx.Node:
        """Like `get`, a number as a buffer."""
        found = self.get(value)
        return found if isinstance(found, fx.Node) else self._buffer(found, value.type.dtype)

    def call(self, function: Callable[..., Any], *args: Any, **settings: Any) -> fx.Node:
        """Record the call of a function, named after the layer and the function."""
        name = "_".join([*self.where.split("."), function.__name__]).lstrip("_")
        return self.graph.create_node("call_function", function, args, settings, name=name)

    def method(self, name: str, *args: Any, **settings: Any) -> fx.Node:
        """Record the call of a method of the first argument."""
        return self.graph.call_method(name, args, settings)

    def constant(self, value: Any, dtype: DType) -> Operand:
        """A number as it is, an array as a buffer that is not saved."""
        if isinstance(value, Numbers):
            return self._buffer(value.array, dtype)
        return self._buffer(value, dtype) if isinstance(value, tuple) else value

    def _buffer(self, value: Any, dtype: DType) -> fx.Node:
        name = self._numbered("constant")
        tensor = torch.tensor(value, dtype=DTYPES[dtype])
        self.root.register_buffer(name, tensor, persistent=False)
        return self.graph.get_attr(name)

    def training(self) -> fx.Node:
        """Whether the module is training: asked when it runs."""
        return self.graph.get_attr("training")

    def module(self, kind: str, body: nn.Module) -> fx.Node:
        """A body as a module of its own, `scan_1` or `loop_1`."""
        name = self._numbered(kind)
        self.root.add_module(name, body)
        return self.graph.get_attr(name)

    def _numbered(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{kind}_{self.counts[kind]}"

    def extent(self, size: int | Extent, node: Node) -> Operand:
        """A size: a number, or read from operands when the module runs."""
        if not isinstance(size, Extent):
            return size
        factors = [
            self.method("size", self.get(node.inputs[operand]), dim) for operand, dim in size.dims
        ]
        result, *further = factors
        for factor in [*further, *([size.factor] if size.factor != 1 else [])]:
            result = self.call(operator.mul, result, factor)
        return result


Rule = Callable[[Emitter, Node], Operand]
TABLE: dict[str, Rule] = {}
"""How each placed operation is written in torch."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declare how these operations are written: a function of the emitter and the placed node."""

    def declare(function: Rule) -> Rule:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return declare


def translate(emitter: Emitter, graph: Graph) -> list[fx.Node]:
    """Write the nodes of a graph; returns its outputs as tensors.

    KeyError for an operation that the table lacks.
    """
    for node in graph.nodes:
        emitter.where = node.where
        found = TABLE[node.op](emitter, node)
        if len(node.outputs) > 1 or node.op in SEVERAL:
            for place, value in enumerate(node.outputs):
                emitter.env[value] = emitter.call(operator.getitem, found, place)
        else:
            emitter.env[node.outputs[0]] = found
    return [emitter.tensor(value) for value in graph.outputs]


SEVERAL = frozenset({"loop", "scan", "split", "top"})
"""Operations whose function returns a tuple even when there is one output."""
