"""The decode Loop, and Scan for recurrences that no operator covers. Weights stay in the main graph."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.values import Node, Value

from .emitter import DTYPES, Emitter, dims, rule, translate


def _input(e: Emitter, value: Value, name: str) -> ir.Value:
    shape = [
        size if isinstance(size, int) else None for size in dims(value.type, value.layout or ())
    ]
    found = ir.Value(
        name=e.name(name), shape=ir.Shape(shape), type=ir.TensorType(DTYPES[value.type.dtype])
    )
    e.env[value] = found
    return found


def _outputs(e: Emitter, node: Node, values: list[ir.Value]) -> list[ir.Value]:
    """Outputs of a body, each made in it and named once, with the type that the body declares."""
    assert node.body is not None
    made = {output for inner in e.nodes for output in inner.outputs}
    results: list[ir.Value] = []
    for found, declared in zip(values, node.body.outputs, strict=True):
        own = found if found in made and found not in results else e.op("Identity", found)
        own.type = ir.TensorType(DTYPES[declared.type.dtype])
        results.append(own)
    return results


@rule("loop")
def loop(e: Emitter, node: Node) -> list[ir.Value]:
    assert node.body is not None
    inner = e.inner()
    counter, *states = node.body.inputs
    step = _input(inner, counter, "step")
    go = ir.Value(name=e.name("go"), shape=ir.Shape([]), type=ir.TensorType(ir.DataType.BOOL))
    carried = [_input(inner, value, "state") for value in states]
    finished, *rest = translate(inner, node.body)
    inner.where = node.where
    outputs = _outputs(inner, node, [inner.op("Not", finished), *rest])
    body = ir.Graph([step, go, *carried], outputs, nodes=inner.nodes, name=e.name("body"))
    trips, *first = map(e.get, node.inputs)
    inputs = [e.op("Max", trips, e.const(np.int64(1))), e.const(np.bool_(True)), *first]
    return e.many("Loop", [*inputs], len(node.outputs), body=body)


@rule("scan")
def scan(e: Emitter, node: Node) -> list[ir.Value]:
    assert node.body is not None
    if any(node.attrs["grows"]):
        return _growing(e, node)
    count, results = (
        len(node.body.inputs) - node.attrs["states"],
        len(node.outputs) - node.attrs["states"],
    )
    inner = e.inner()
    slices = [_input(inner, value, "place") for value in node.body.inputs[:count]]
    states = [_input(inner, value, "state") for value in node.body.inputs[count:]]
    outputs = _outputs(inner, node, translate(inner, node.body))
    body = ir.Graph(
        [*states, *slices],
        [*outputs[results:], *outputs[:results]],
        nodes=inner.nodes,
        name=e.name("body"),
    )
    inputs = [*map(e.get, node.inputs)]
    reverse = node.attrs["reverse"]
    found = e.many(
        "Scan",
        [*inputs[count:], *inputs[:count]],
        len(node.outputs),
        body=body,
        num_scan_inputs=count,
        scan_input_directions=[1] * count if reverse else None,
        scan_output_directions=[1] * results if reverse and results else None,
    )
    return [*found[node.attrs["states"] :], *found[: node.attrs["states"]]]


def _growing(e: Emitter, node: Node) -> list[ir.Value]:
    """A scan with a state that grows, which the operator Scan does not allow: a Loop that takes each place itself."""
    assert node.body is not None
    if node.attrs["reverse"]:
        raise NotImplementedError("a state that grows from the last place to the first")
    count, number = len(node.body.inputs) - node.attrs["states"], node.attrs["states"]
    whole, first = [*map(e.get, node.inputs[:count])], [*map(e.get, node.inputs[count:])]
    inner = e.inner()
    place = ir.Value(
        name=e.name("place"), shape=ir.Shape([]), type=ir.TensorType(ir.DataType.INT64)
    )
    go = ir.Value(name=e.name("go"), shape=ir.Shape([]), type=ir.TensorType(ir.DataType.BOOL))
    carried = [_input(inner, value, "state") for value in node.body.inputs[count:]]
    for value, sequence in zip(node.body.inputs[:count], whole, strict=True):
        inner.env[value] = inner.op("Gather", sequence, place, axis=0)
    outputs = _outputs(inner, node, translate(inner, node.body))
    results = len(outputs) - number
    again = inner.op("Identity", go)
    again.type = go.type
    body = ir.Graph(
        [place, go, *carried],
        [again, *outputs[results:], *outputs[:results]],
        nodes=inner.nodes,
        name=e.name("body"),
    )
    trips = e.scalar(e.op("Shape", whole[0], start=0, end=1))
    found = e.many("Loop", [trips, e.const(np.bool_(True)), *first], len(node.outputs), body=body)
    return [*found[number:], *found[:number]]
