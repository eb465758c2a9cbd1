"""Recording of torch.fx nodes: names, sizes, constants as buffers, bodies as modules of their own."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

from s2sgraph.graph.types import DType
from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.passes.placing import Extent

DTYPES: dict[DType, torch.dtype] = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
Operand = Any
"""A node of torch.fx, or a number."""


class Emitter:
    """Translates the nodes of one placed graph into one fx graph, which belongs to the module `root`."""

    def __init__(self, root: nn.Module, paths: dict[Value, str]) -> None:
        self.root, self.paths = root, paths
        self.graph = fx.Graph()
        self.env: dict[Value, Operand] = {}
        self.constants: Counter[str] = Counter()
        self.where = ""

    def get(self, value: Value) -> Operand:
        if value not in self.env:
            self.env[value] = self.graph.get_attr(self.paths[value])
        return self.env[value]

    def call(self, function: Callable[..., Any], *args: Any, **settings: Any) -> fx.Node:
        name = "_".join([*self.where.split("."), function.__name__]).lstrip("_")
        return self.graph.create_node("call_function", function, args, settings, name=name)

    def method(self, name: str, *args: Any, **settings: Any) -> fx.Node:
        return self.graph.call_method(name, args, settings)

    def item(self, found: fx.Node, place: int) -> fx.Node:
        return self.call(operator.getitem, found, place)

    def constant(self, value: Any, dtype: DType) -> Operand:
        """A number as it is, an array as a buffer that is not saved."""
        if not isinstance(value, tuple):
            return value
        return self.buffer(torch.tensor(value, dtype=DTYPES[dtype]))

    def buffer(self, tensor: torch.Tensor) -> fx.Node:
        self.constants["constant"] += 1
        name = f"constant_{self.constants['constant']}"
        self.root.register_buffer(name, tensor, persistent=False)
        return self.graph.get_attr(name)

    def training(self) -> fx.Node:
        """Whether the module is training: asked when it runs."""
        return self.graph.get_attr("training")

    def module(self, name: str, body: nn.Module) -> fx.Node:
        self.constants[name] += 1
        name = f"{name}_{self.constants[name]}"
        self.root.add_module(name, body)
        return self.graph.get_attr(name)

    def extent(self, size: int | Extent, node: Node) -> Operand:
        """A size: a number, or read from operands when the module runs."""
        if not isinstance(size, Extent):
            return size
        factors = [
            self.method("size", self.get(node.inputs[operand]), dim) for operand, dim in size.dims
        ]
        result: Operand = factors[0]
        for factor in [*factors[1:], *([size.factor] if size.factor != 1 else [])]:
            result = self.call(operator.mul, result, factor)
        return result


Rule = Callable[[Emitter, Node], Any]
TABLE: dict[str, Rule] = {}
"""How each placed operation is written in torch."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    def declare(function: Rule) -> Rule:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return declare


def translate(emitter: Emitter, graph: Graph) -> list[Operand]:
    """Write the nodes of a graph; returns its outputs as tensors."""
    for node in graph.nodes:
        emitter.where = node.where
        found = TABLE[node.op](emitter, node)
        if len(node.outputs) > 1:
            emitter.env.update(
                {value: emitter.item(found, i) for i, value in enumerate(node.outputs)}
            )
        elif node.op in SEVERAL:
            emitter.env[node.outputs[0]] = emitter.item(found, 0)
        else:
            emitter.env[node.outputs[0]] = found
    outputs = []
    for value in graph.outputs:
        found = emitter.get(value)
        is_tensor = isinstance(found, fx.Node)
        outputs.append(
            found
            if is_tensor
            else emitter.buffer(torch.tensor(found, dtype=DTYPES[value.type.dtype]))
        )
    return outputs


SEVERAL = frozenset({"loop", "scan", "split", "top"})
"""Operations whose function returns a tuple even when there is one output."""
