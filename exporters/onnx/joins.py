"""Fewer, larger products: what can be done to weights once, now that they are constants.

On placed graphs with the weights' arrays; sums and products of weights are made in double precision and rounded once.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Initial, Layout, Node, Value, Weight

from .emitter import Array

Arrays = dict[Value, Array]


def join(graph: Graph, arrays: Arrays) -> None:
    """Fold factors into weights, and products of one operand into one product."""
    scale_into_weights(graph, arrays)
    join_siblings(graph, arrays)


def constant(graph: Graph, arrays: Arrays, path: str, array: Array, like: Value) -> Value:
    """A weight made from others; its layout is only as deep as its array."""
    layout: Layout = tuple(("joined",) for _ in array.shape)
    value = Value(Type("float", like.type.dims), path, layout)
    graph.weights[path], arrays[value] = Weight(value, Initial()), array
    return value


def scale_into_weights(graph: Graph, arrays: Arrays) -> None:
    """`linear(x, w, b) * number` becomes `linear(x, number w, number b)`, also through a reshape."""
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
            source = made.get(node.inputs[0])
            while source and source.op in ("reshape", "transpose") and used[source.outputs[0]] == 1:
                source = made.get(source.inputs[0])
            if source is None or source.op != "linear" or used[source.outputs[0]] != 1:
                continue
            if not all(weight in arrays for weight in source.inputs[1:]):
                continue
            factor = numbers[node.inputs[1]]
            scaled = [
                constant(
                    graph, arrays, f"{w.name}:scaled", _rounded(np.float64(factor) * arrays[w]), w
                )
                for w in source.inputs[1:]
            ]
            source.inputs = (source.inputs[0], *scaled)
            block.nodes.remove(node)
            graph.substitute({node.outputs[0]: node.inputs[0]})


def _rounded(array: Array) -> Array:
    return array.astype(np.float32)


def join_siblings(graph: Graph, arrays: Arrays) -> None:
    """`linear(x, a)`, `linear(x, b)`, … of one size become parts of `linear(x, [a; b; …])`."""
    for block in graph.blocks():
        families: dict[tuple[object, ...], list[Node]] = defaultdict(list)
        for node in block.nodes:
            if node.op == "linear" and all(weight in arrays for weight in node.inputs[1:]):
                shape = arrays[node.inputs[1]].shape
                families[
                    node.inputs[0], len(node.inputs), shape, len(node.outputs[0].layout or ())
                ].append(node)
        for family in families.values():
            if len(family) > 1:
                _join_family(graph, block, arrays, family)


def _join_family(graph: Graph, block: Graph, arrays: Arrays, family: list[Node]) -> None:
    first = family[0]
    weights = []
    for place in range(1, len(first.inputs)):
        parts = [node.inputs[place] for node in family]
        path = "+".join([parts[0].name, *(part.name.rsplit(".", 1)[-1] for part in parts[1:])])
        weights.append(
            constant(
                graph, arrays, path, np.concatenate([arrays[part] for part in parts]), parts[0]
            )
        )
    layout = first.outputs[0].layout or ()
    wide = Value(first.outputs[0].type, "", layout)
    new = [Node("linear", (first.inputs[0], *weights), {}, (wide,), None, first.where)]
    outputs, axis, dead = tuple(node.outputs[0] for node in family), len(layout) - 1, set(family)
    users = [[user for user in block.nodes if node.outputs[0] in user.inputs] for node in family]
    reshapes = [user[0] for user in users if len(user) == 1 and user[0].op == "reshape"]
    if _alike(reshapes, len(family)) and len(layout) == 2:
        shape = reshapes[0].attrs["shape"]
        tall = Value(wide.type, "", reshapes[0].outputs[0].layout)
        new.append(
            Node(
                "reshape",
                (wide,),
                {"shape": (shape[0], shape[1] * len(family), *shape[2:])},
                (tall,),
            )
        )
        outputs, wide, axis = tuple(node.outputs[0] for node in reshapes), tall, 1
        dead |= set(reshapes)
    new.append(
        Node("split", (wide,), {"axis": axis, "parts": len(family)}, outputs, None, first.where)
    )
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
