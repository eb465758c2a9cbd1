"""Operations on each element, with operands that meet by the names of their axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from s2sgraph.graph.ops.operation import NUMPY, Case, align, case, fail, operation, union
from s2sgraph.graph.types import DType, Type
from s2sgraph.graph.values import OPERATORS, Node, Value

MATRIX = "float[batch, feature=3]"
VECTOR = "float[feature=3]"


def pointwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """A numpy function of aligned arrays as the meaning of a node."""

    def meaning(node: Node, *arrays: Any) -> Any:
        axes = node.outputs[0].axes
        aligned = (
            align(array, value.axes, axes) for array, value in zip(arrays, node.inputs, strict=True)
        )
        result = function(*aligned)
        return np.asarray(result, NUMPY[node.outputs[0].type.dtype])

    return meaning


def _binary(
    name: str, function: Callable[..., Any], dtype: DType | None = None, *more: Case
) -> Callable[..., Value]:
    def rule(x: Value, y: Value) -> Type:
        if x.type.dtype != y.type.dtype:
            raise fail(name, f"{x.type} and {y.type} are of two kinds")
        return Type(dtype or x.type.dtype, union(name, x, y))

    rule.__name__ = name
    return operation(
        pointwise(function),
        case(MATRIX, MATRIX),
        case(MATRIX, VECTOR),
        case(VECTOR, "float[feature=3, batch]"),
        case(MATRIX, "float"),
        case(MATRIX, "float[feature=4]", says="has feature=3"),
        case("float[batch]", VECTOR, says="say outer"),
        case(MATRIX, "int[batch]", says="two kinds"),
        *more,
    )(rule)


def _unary(name: str, function: Callable[..., Any], *cases: Case) -> Callable[..., Value]:
    def rule(x: Value) -> Type:
        if x.type.dtype != "float":
            raise fail(name, f"{x.type} is not of floats")
        return x.type

    rule.__name__ = name
    more = cases or (case(MATRIX), case("float"))
    return operation(pointwise(function), *more, case("int[batch]", says="not of floats"))(rule)


INTEGERS = case("int[batch, source]", "int[batch]")

add = _binary("add", np.add, None, INTEGERS)
sub = _binary("sub", np.subtract, None, INTEGERS)
mul = _binary("mul", np.multiply, None, INTEGERS)
div = _binary("div", np.divide)
maximum = _binary("maximum", np.maximum, None, INTEGERS)
minimum = _binary("minimum", np.minimum, None, INTEGERS)
equal = _binary("equal", np.equal, "bool", INTEGERS)
less = _binary("less", np.less, "bool", INTEGERS)
at_most = _binary("at_most", np.less_equal, "bool", INTEGERS)

tanh = _unary("tanh", np.tanh)
exp = _unary("exp", np.exp)
sine = _unary("sine", np.sin)
sigmoid = _unary("sigmoid", lambda x: (1 + np.tanh(x / 2)) / 2)
relu = _unary("relu", lambda x: np.maximum(x, 0))
gelu = _unary(
    "gelu", lambda x: 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))
)
swish = _unary("swish", lambda x: x * (1 + np.tanh(x / 2)) / 2)

OPERATORS.update(add=add, sub=sub, mul=mul, div=div)


@operation(pointwise(np.log), case("float[batch, chance=3]"))
def log(x: Value) -> Type:
    """The natural logarithm."""
    return x.type


def _integers(name: str, function: Callable[..., Any]) -> Callable[..., Value]:
    def rule(x: Value, y: Value) -> Type:
        if {x.type.dtype, y.type.dtype} != {"int"}:
            raise fail(name, f"{x.type} and {y.type} are not of integers")
        return Type("int", union(name, x, y))

    rule.__name__ = name
    return operation(
        pointwise(function),
        case("int[batch, source]", "int[positive=2]", says="neither has all axes"),
        case("int[batch, positive=2]", "int[positive=2]"),
        case(MATRIX, MATRIX, says="not of integers"),
    )(rule)


floordiv = _integers("floordiv", np.floor_divide)
mod = _integers("mod", np.remainder)
xor = _integers("xor", np.bitwise_xor)


def _logical(name: str, function: Callable[..., Any]) -> Callable[..., Value]:
    def rule(x: Value, y: Value) -> Type:
        if {x.type.dtype, y.type.dtype} != {"bool"}:
            raise fail(name, f"{x.type} and {y.type} are not of truths")
        return Type("bool", union(name, x, y))

    rule.__name__ = name
    return operation(
        pointwise(function),
        case("bool[batch, source]", "bool[batch]"),
        case("bool[batch]", "float[batch]", says="not of truths"),
    )(rule)


and_ = _logical("and", np.logical_and)
or_ = _logical("or", np.logical_or)


@operation(pointwise(np.logical_not), case("bool[batch]"), case("float", says="not of truths"))
def not_(x: Value) -> Type:
    """True where x is not."""
    if x.type.dtype != "bool":
        raise fail("not", f"{x.type} is not of truths")
    return x.type


@operation(
    pointwise(np.where),
    case("bool[batch, source]", "float[batch, source]", "float"),
    case("bool[batch]", MATRIX, MATRIX),
    case("bool[batch]", "int[batch]", "int[batch]"),
    case(MATRIX, MATRIX, MATRIX, says="chooses by truths"),
    case("bool[batch]", MATRIX, "int[batch]", says="two kinds"),
    case("bool[batch]", "bool[batch]", "bool[batch]", says="say and_, or_, not_"),
)
def select(condition: Value, x: Value, y: Value) -> Type:
    """The value of x where the condition holds, that of y elsewhere."""
    if condition.type.dtype != "bool":
        raise fail("select", f"chooses by truths, not by {condition.type}")
    if x.type.dtype != y.type.dtype:
        raise fail("select", f"{x.type} and {y.type} are of two kinds")
    if x.type.dtype == "bool":
        # onnxruntime has no Where of truths.
        raise fail("select", f"chooses numbers, not {x.type}; of truths, say and_, or_, not_")
    return Type(x.type.dtype, union("select", condition, x, y))


@operation(pointwise(np.asarray), case("int[batch]"), case("bool[batch]"))
def number(x: Value) -> Type:
    """Integers or truths as floats."""
    return Type("float", x.type.dims)


@operation(
    pointwise(lambda x: np.trunc(np.asarray(x, np.float64))),
    case("bool[batch]"),
    case("float[batch]"),
)
def integer(x: Value) -> Type:
    """Truths, or floats without their fraction, as integers."""
    return Type("int", x.type.dims)
