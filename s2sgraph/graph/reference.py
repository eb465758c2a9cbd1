"""What a graph means: run with numpy in double precision. Slow, and the judge of every engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from s2sgraph.graph.ops import OPERATIONS
from s2sgraph.graph.ops.operation import NUMPY
from s2sgraph.graph.values import Graph, Node, Value

Array = npt.NDArray[Any]
Values = dict[Value, Array]
"""What has been computed. A body leaves its values here too; each run of it replaces them."""


def run(graph: Graph, weights: dict[str, Array], inputs: dict[str, Array]) -> dict[str, Array]:
    """The named outputs, for inputs by name and weights by path, stored as their layout says."""
    env: Values = {
        value: np.asarray(inputs[value.name], NUMPY[value.type.dtype]) for value in graph.inputs
    }
    for path, weight in graph.weights.items():
        env[weight.value] = _unstored(weight.value, weights[path])
    return dict(zip(graph.output_names, _outputs(graph, env), strict=True))


def _unstored(value: Value, array: Array) -> Array:
    """A weight as it is stored, with one dimension for each axis in the order of its type."""
    axes = [axis for group in value.layout or () for axis in group]
    array = np.asarray(array, np.float64).reshape([value.number(axis) for axis in axes])
    return array.transpose([axes.index(axis) for axis in value.axes])


def _body(node: Node, env: Values, arrays: list[Array]) -> list[Array]:
    """The outputs of a node's body for these inputs."""
    assert node.body is not None
    env.update(zip(node.body.inputs, arrays, strict=True))
    return _outputs(node.body, env)


def _outputs(graph: Graph, env: Values) -> list[Array]:
    for node in graph.nodes:
        arrays = [env[value] for value in node.inputs]
        if node.op == "loop":
            results = _loop(node, env, arrays)
        elif node.op == "scan":
            results = _scan(node, env, arrays)
        elif node.body:
            results = _body(node, env, arrays)
        else:
            found = OPERATIONS[node.op].meaning(node, *arrays, **node.attrs)
            results = [*found] if isinstance(found, tuple) else [found]
        env.update(zip(node.outputs, results, strict=True))
    return [env[value] for value in graph.outputs]


def _loop(node: Node, env: Values, arrays: list[Array]) -> list[Array]:
    trips, *states = arrays
    emitted: list[list[Array]] = []
    for step in range(max(int(trips), 1)):
        finished, *rest = _body(node, env, [np.asarray(step), *states])
        states = rest[: len(states)]
        emitted.append(rest[len(states) :])
        if finished:
            break
    return [*states, *(np.stack(column) for column in zip(*emitted, strict=True))]


def _scan(node: Node, env: Values, arrays: list[Array]) -> list[Array]:
    count, over = len(arrays) - node.attrs["states"], node.attrs["over"]
    whole = [*zip(arrays[:count], node.inputs[:count], strict=True)]
    states = arrays[count:]
    columns: list[list[Array]] = []
    steps = range(whole[0][0].shape[whole[0][1].axes.index(over)])
    for place in reversed(steps) if node.attrs["reverse"] else steps:
        rows = [array.take(place, value.axes.index(over)) for array, value in whole]
        results = _body(node, env, [*rows, *states])
        split = len(results) - len(states)
        columns.append(results[:split])
        states = results[split:]
    if node.attrs["reverse"]:
        columns.reverse()
    stacked = zip(node.outputs, zip(*columns, strict=True), strict=False)
    return [*(np.stack(column, value.axes.index(over)) for value, column in stacked), *states]
