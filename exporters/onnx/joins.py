"""Fewer, larger products: what can be done to weights once, now that they are constants.

On placed graphs with the weights' arrays; products of weights are made in double precision and
rounded once.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Initial, Node, Value, Weight

from .emitter import Array

Arrays = dict[Value, Array]


def join(graph: Graph, arrays: Arrays) -> None:
    """Fold factors into weights, and products of one operand into one product."""
    _scale_into_weights(graph, arrays)
    _join_siblings(graph, arrays)


def _made(graph: Graph, arrays: Arrays, path: str, array: Array) -> Value:
    """A weight made from others, which stands for no axes."""
    value = Value(Type("float"), path)
    graph.weights[path], arrays[value] = Weight(value, Initial()), array
    return value


def _scale_into_weights(graph: Graph, arrays: Arrays) -> None:
    """`linear(x, w, b) * number` becomes `linear(x, number w, number b)`."""
    used = graph.uses()
    numbers = {
        value: float(node.attrs["value"])
        for block in graph.blocks()
        for node in block.nodes
        if node.op == "const" and isinstance(node.attrs["value"], float)
        for value in node.outputs
    }
    for block in graph.blocks():
        made = {value: node for node in block.nodes for value in node.outputs}
        for node in [n for n in block.nodes if n.op == "mul" and n.inputs[1] in numbers]:
            linear = _linear_of(node.inputs[0], made, used)
            if linear is None or not all(weight in arrays for weight in linear.inputs[1:]):
                continue
            factor = np.float64(numbers[node.inputs[1]])
            form = f"times {factor:.9g}"
            scaled = [
                _made(graph, arrays, f"{w.name}:{form}", (factor * arrays[w]).astype(np.float32))
                for w in linear.inputs[1:]
            ]
            linear.inputs = (linear.inputs[0], *scaled)
            block.nodes.remove(node)
            graph.substitute({node.outputs[0]: node.inputs[0]})


def _linear_of(value: Value, made: dict[Value, Node], used: Counter[Value]) -> Node | None:
    """The product that a value is, in another form perhaps, if nothing else reads it."""
    node = made.get(value)
    while node and node.op in ("reshape", "transpose") and used[node.outputs[0]] == 1:
        node = made.get(node.inputs[0])
    return node if node and node.op == "linear" and used[node.outputs[0]] == 1 else None


def _join_siblings(graph: Graph, arrays: Arrays) -> None:
    """`linear(x, a)`, `linear(x, b)`, … of one size become parts of `linear(x, [a; b; …])`."""
    used = graph.uses()
    for block in graph.blocks():
        families: dict[tuple[object, ...], list[Node]] = defaultdict(list)
        for node in block.nodes:
            if node.op == "linear" and all(weight in arrays for weight in node.inputs[1:]):
                shape, rank = arrays[node.inputs[1]].shape, len(node.outputs[0].layout or ())
                families[node.inputs[0], len(node.inputs), shape, rank].append(node)
        for family in families.values():
            if len(family) > 1:
                _join_family(graph, block, arrays, family, used)


def _join_family(
    graph: Graph, block: Graph, arrays: Arrays, family: list[Node], used: Counter[Value]
) -> None:
    """One product and a split; where the parts are heads, they are reshaped before the split."""
    first = family[0]
    weights = []
    for place in range(1, len(first.inputs)):
        parts = [node.inputs[place] for node in family]
        path = "+".join([parts[0].name, *(part.name.rsplit(".", 1)[-1] for part in parts[1:])])
        array = np.concatenate([arrays[part] for part in parts])
        weights.append(_made(graph, arrays, path, array))
    layout = first.outputs[0].layout or ()
    wide = Value(first.outputs[0].type, "", layout)
    new = [Node("linear", (first.inputs[0], *weights), {}, (wide,), None, first.where)]
    outputs, axis, dead = tuple(node.outputs[0] for node in family), len(layout) - 1, set(family)
    readers = {value: node for node in block.nodes for value in node.inputs}
    single = [readers.get(value) for value in outputs if used[value] == 1]
    reshapes = [node for node in single if node and node.op == "reshape"]
    if _alike(reshapes, len(family)) and len(layout) == 2:
        rows, heads, *rest = reshapes[0].attrs["shape"]
        tall = Value(wide.type, "", reshapes[0].outputs[0].layout)
        shape = (rows, heads * len(family), *rest)
        new.append(Node("reshape", (wide,), {"shape": shape}, (tall,)))
        outputs, wide, axis = tuple(node.outputs[0] for node in reshapes), tall, 1
        dead |= set(reshapes)
    attrs = {"axis": axis, "parts": len(family)}
    new.append(Node("split", (wide,), attrs, outputs, None, first.where))
    place = block.nodes.index(first)
    block.nodes[place:place] = new
    block.nodes = [node for node in block.nodes if node not in dead]


def _alike(reshapes: list[Node], count: int) -> bool:
    """Whether all parts are reshaped alike, to a known number of heads in the second dimension."""
    if len(reshapes) != count or len({repr(node.attrs["shape"]) for node in reshapes}) != 1:
        return False
    shape = reshapes[0].attrs["shape"]
    return (
        len(shape) > 1
        and isinstance(shape[1], int)
        and shape[1] > 0
        and len(reshapes[0].inputs) == 1
    )
