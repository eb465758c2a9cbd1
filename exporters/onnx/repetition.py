"""The decode Loop, and Scan for other recurrences."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.values import Node, Value

from .emitter import DTYPES, Emitter, dims, rule, translate


def _input(e: Emitter, value: Value, name: str) -> ir.Value:
    """An input of a body, its open sizes without names."""
    sizes = dims(value.type, value.layout or ())
    shape = ir.Shape([size if isinstance(size, int) else None for size in sizes])
    kind = ir.TensorType(DTYPES[value.type.dtype])
    e.env[value] = ir.Value(name=e.name(name), shape=shape, type=kind)
    e.own.add(e.env[value])
    return e.env[value]


def _number(e: Emitter, kind: ir.DataType, name: str) -> ir.Value:
    """An input of a body that is one number, or one truth."""
    return ir.Value(name=e.name(name), shape=ir.Shape([]), type=ir.TensorType(kind))


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
    go = _number(e, ir.DataType.BOOL, "go")
    carried = [_input(inner, value, "state") for value in states]
    finished, *rest = translate(inner, node.body)
    inner.where = node.where
    outputs = _outputs(inner, node, [inner.op("Not", finished), *rest])
    body = inner.body([step, go, *carried], outputs)
    trips, *first = map(e.get, node.inputs)
    inputs = [e.op("Max", trips, e.const(np.int64(1))), e.const(np.bool_(True)), *first]
    return e.many("Loop", inputs, len(node.outputs), body=body)


@rule("scan")
def scan(e: Emitter, node: Node) -> list[ir.Value]:
    assert node.body is not None
    if any(node.attrs["grows"]):
        return _growing(e, node)
    number = node.attrs["states"]
    count, results = len(node.body.inputs) - number, len(node.outputs) - number
    inner = e.inner()
    slices = [_input(inner, value, "place") for value in node.body.inputs[:count]]
    states = [_input(inner, value, "state") for value in node.body.inputs[count:]]
    outputs = _outputs(inner, node, translate(inner, node.body))
    body = inner.body([*states, *slices], [*outputs[results:], *outputs[:results]])
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
    return [*found[number:], *found[:number]]


def _growing(e: Emitter, node: Node) -> list[ir.Value]:
    """A scan with a state that grows: a Loop that takes each place itself.

    The operator Scan allows no state whose shape changes.
    """
    assert node.body is not None
    assert not node.attrs["reverse"], f"{node.where}: only states of a decoder grow"
    number = node.attrs["states"]
    count = len(node.body.inputs) - number
    whole, first = [*map(e.get, node.inputs[:count])], [*map(e.get, node.inputs[count:])]
    inner = e.inner()
    place, go = _number(e, ir.DataType.INT64, "place"), _number(e, ir.DataType.BOOL, "go")
    carried = [_input(inner, value, "state") for value in node.body.inputs[count:]]
    for value, sequence in zip(node.body.inputs[:count], whole, strict=True):
        inner.env[value] = inner.op("Gather", sequence, place, axis=0)
    outputs = _outputs(inner, node, translate(inner, node.body))
    results = len(outputs) - number
    again = inner.op("Identity", go)
    again.type = go.type
    body = inner.body([place, go, *carried], [again, *outputs[results:], *outputs[:results]])
    trips = e.scalar(e.op("Shape", whole[0], start=0, end=1))
    found = e.many("Loop", [trips, e.const(np.bool_(True)), *first], len(node.outputs), body=body)
    return [*found[number:], *found[:number]]
