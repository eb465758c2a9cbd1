"""The ONNX form of each placed operation: opset 20, standard domain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.numbers import Numbers
from s2sgraph.graph.values import Node

from .emitter import DTYPES, NUMPY, Emitter, rule

SAME = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "equal": "Equal",
    "less": "Less",
    "at_most": "LessOrEqual",
    "and": "And",
    "or": "Or",
    "not": "Not",
    "select": "Where",
    "tanh": "Tanh",
    "exp": "Exp",
    "log": "Log",
    "sigmoid": "Sigmoid",
    "sine": "Sin",
    "relu": "Relu",
    "gelu": "Gelu",
    "mod": "Mod",
    "xor": "BitwiseXor",
    "matmul": "MatMul",
}


def _same(kind: str) -> Callable[[Emitter, Node], ir.Value]:
    return lambda e, node: e.op(kind, *map(e.get, node.inputs))


for _ours, _theirs in SAME.items():
    rule(_ours)(_same(_theirs))


@rule("const")
def const(e: Emitter, node: Node) -> ir.Value:
    value, dtype = node.attrs["value"], node.attrs["dtype"]
    if isinstance(value, Numbers):
        # Stored as small as they are; onnxruntime makes them large when it loads the file.
        return e.op("Cast", e.const(value.array), to=DTYPES[dtype].value)
    return e.const(np.array(value, NUMPY[dtype]))


@rule("swish")
def swish(e: Emitter, node: Node) -> ir.Value:
    x = e.get(node.inputs[0])
    return e.op("Mul", x, e.op("Sigmoid", x))


@rule("floordiv")
def floordiv(e: Emitter, node: Node) -> ir.Value:
    x, y = map(e.get, node.inputs)
    return e.op("Div", e.op("Sub", x, e.op("Mod", x, y)), y)


@rule("number", "integer")
def cast(e: Emitter, node: Node) -> ir.Value:
    return e.op("Cast", e.get(node.inputs[0]), to=DTYPES[node.outputs[0].type.dtype].value)


@rule("linear")
def linear(e: Emitter, node: Node) -> ir.Value:
    x, weight = e.get(node.inputs[0]), node.inputs[1]
    bias = [e.get(value) for value in node.inputs[2:]]
    layout = node.outputs[0].layout
    if layout is not None and len(layout) == 2:
        return e.op("Gemm", x, e.get(weight), *bias, transB=1)
    if e.uses[weight] > 1 or weight not in e.weights:
        y = e.op("MatMul", x, e.op("Transpose", e.get(weight), perm=[1, 0]))
    else:
        y = e.op("MatMul", x, e.weight(weight, "transposed", np.transpose))
    return e.op("Add", y, *bias) if bias else y


@rule("softmax")
def softmax(e: Emitter, node: Node) -> ir.Value:
    return e.op("Softmax", e.get(node.inputs[0]), axis=node.attrs["axis"])


@rule("log_softmax")
def log_softmax(e: Emitter, node: Node) -> ir.Value:
    return e.op("LogSoftmax", e.get(node.inputs[0]), axis=node.attrs["axis"])


@rule("total")
def total(e: Emitter, node: Node) -> ir.Value:
    return e.op("ReduceSum", e.get(node.inputs[0]), e.ints(node.attrs["axis"]), keepdims=0)


@rule("greatest")
def greatest(e: Emitter, node: Node) -> ir.Value:
    return e.op("ReduceMax", e.get(node.inputs[0]), e.ints(node.attrs["axis"]), keepdims=0)


@rule("least")
def least(e: Emitter, node: Node) -> ir.Value:
    return e.op("ReduceMin", e.get(node.inputs[0]), e.ints(node.attrs["axis"]), keepdims=0)


@rule("argmax")
def argmax(e: Emitter, node: Node) -> ir.Value:
    return e.op("ArgMax", e.get(node.inputs[0]), axis=node.attrs["axis"], keepdims=0)


@rule("cumsum")
def cumsum(e: Emitter, node: Node) -> ir.Value:
    return e.op("CumSum", e.get(node.inputs[0]), e.const(np.int64(node.attrs["axis"])))


@rule("every")
def every(e: Emitter, node: Node) -> ir.Value:
    return e.op("ReduceMin", e.get(node.inputs[0]), keepdims=0)


@rule("norm")
def norm(e: Emitter, node: Node) -> ir.Value:
    return e.op(
        "LayerNormalization", *map(e.get, node.inputs), axis=-1, epsilon=node.attrs["epsilon"]
    )


@rule("root_mean_square")
def root_mean_square(e: Emitter, node: Node) -> ir.Value:
    x, scale = map(e.get, node.inputs)
    mean = e.op("ReduceMean", e.op("Mul", x, x), e.ints(-1), keepdims=1)
    root = e.op("Sqrt", e.op("Add", mean, e.const(np.float32(node.attrs["epsilon"]))))
    return e.op("Mul", e.op("Div", x, root), scale)


@rule("top")
def top(e: Emitter, node: Node) -> list[ir.Value]:
    return e.many("TopK", [*map(e.get, node.inputs)], 2, axis=node.attrs["axis"])


# -- looking up, and forms of tensors -----------------------------------------------------


@rule("gather")
def gather(e: Emitter, node: Node) -> ir.Value:
    return e.op("Gather", *map(e.get, node.inputs), axis=0)


@rule("gather_along")
def gather_along(e: Emitter, node: Node) -> ir.Value:
    return e.op("GatherElements", *map(e.get, node.inputs), axis=1)


@rule("which")
def which(e: Emitter, node: Node) -> ir.Value:
    return e.op("Reshape", e.op("NonZero", e.get(node.inputs[0])), e.ints(-1))


@rule("scatter")
def scatter(e: Emitter, node: Node) -> ir.Value:
    reduction = {"add": "add", "least": "min"}[node.attrs["how"]]
    return e.op("ScatterElements", *map(e.get, node.inputs), axis=1, reduction=reduction)


@rule("reshape")
def reshape(e: Emitter, node: Node) -> ir.Value:
    return e.op("Reshape", e.get(node.inputs[0]), e.shape(node.attrs["shape"], node))


@rule("expand")
def expand(e: Emitter, node: Node) -> ir.Value:
    # One number of one: onnxruntime warns of an Expand that changes no more than the shape.
    kind = "Reshape" if all(size == 1 for size in node.attrs["shape"]) else "Expand"
    return e.op(kind, e.get(node.inputs[0]), e.shape(node.attrs["shape"], node))


@rule("transpose")
def transpose(e: Emitter, node: Node) -> ir.Value:
    return e.op("Transpose", e.get(node.inputs[0]), perm=list(node.attrs["perm"]))


@rule("concat")
def concat(e: Emitter, node: Node) -> ir.Value:
    return e.op("Concat", *map(e.get, node.inputs), axis=node.attrs["axis"])


@rule("split")
def split(e: Emitter, node: Node) -> list[ir.Value]:
    parts = node.attrs["parts"]
    return e.many(
        "Split", [e.get(node.inputs[0])], parts, axis=node.attrs["axis"], num_outputs=parts
    )


@rule("all_but_last")
def all_but_last(e: Emitter, node: Node) -> ir.Value:
    return e.op("Slice", e.get(node.inputs[0]), e.ints(0), e.ints(-1), e.ints(node.attrs["axis"]))


@rule("head")
def head(e: Emitter, node: Node) -> ir.Value:
    x, count = map(e.get, node.inputs)
    return e.op(
        "Slice", x, e.ints(0), e.op("Reshape", count, e.ints(1)), e.ints(node.attrs["axis"])
    )


@rule("full")
def full(e: Emitter, node: Node) -> ir.Value:
    value = np.array([node.attrs["value"]], NUMPY[node.attrs["dtype"]])
    return e.op("ConstantOfShape", e.shape(node.attrs["shape"], node), value=ir.tensor(value))


@rule("range")
def range_(e: Emitter, node: Node) -> ir.Value:
    end = e.scalar(e.extent(node.attrs["size"], node))
    return e.op("Range", e.const(np.int64(0)), end, e.const(np.int64(1)))


@rule("iota")
def iota(e: Emitter, node: Node) -> ir.Value:
    end = e.get(node.inputs[0])
    return e.op("Range", e.const(np.int64(0)), end, e.const(np.int64(1)))


@rule("size")
def size(e: Emitter, node: Node) -> ir.Value:
    return e.scalar(e.extent(node.attrs["size"], node))


@rule("cover")
def cover(e: Emitter, node: Node) -> ir.Value:
    """A sum of two parts, the second of which is empty unless x has no place along the axis."""
    x, axis, made = e.get(node.inputs[0]), node.attrs["axis"], node.outputs[0]
    rank = len(made.layout or ())
    count = e.op("Shape", x, start=axis, end=axis + 1)
    missing = e.op("Max", e.op("Sub", e.ints(1), count), e.ints(0))
    parts = [e.op("Shape", x, start=0, end=axis)] if axis else []
    parts.append(missing)
    if axis + 1 < rank:
        parts.append(e.op("Shape", x, start=axis + 1, end=rank))
    shape = parts[0] if len(parts) == 1 else e.op("Concat", *parts, axis=0)
    value = np.array([node.attrs["value"]], NUMPY[made.type.dtype])
    filler = e.op("ConstantOfShape", shape, value=ir.tensor(value))
    return e.op("Concat", x, filler, axis=axis)


@rule("dropout", "noisy")
def undisturbed(e: Emitter, node: Node) -> ir.Value:
    return e.get(node.inputs[0])
