"""Operations that bring the places along an axis together: products, sums, softmax, norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from s2sgraph.graph.ops.operation import align, called, case, fail, operation
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Node, Value


def _dot(node: Node, x: Any, y: Any, *, over: tuple[str, ...]) -> Any:
    letters = {
        axis: chr(97 + i)
        for i, axis in enumerate(dict.fromkeys((*node.inputs[0].axes, *node.inputs[1].axes)))
    }

    def spell(value: Value) -> str:
        return "".join(letters[axis] for axis in value.axes)

    return np.einsum(
        f"{spell(node.inputs[0])},{spell(node.inputs[1])}->{spell(node.outputs[0])}",
        x,
        y,
        optimize=True,
    )


@operation(
    _dot,
    case("float[batch, time, feature=3]", "float[feature=3, gate=4, unit=2]", over=("feature",)),
    case("float[batch, head=2, time, key=3]", "float[batch, head=2, past, key=3]", over=("key",)),
    case("float[batch, beam, head=2, key=3]", "float[batch, source, head=2, key=3]", over=("key",)),
    case("float[batch, source]", "float[batch, source, feature=3]", over=("source",)),
    case("float[batch, beam, source]", "float[batch, source, feature=3]", over=("source",)),
    case("float[batch, source, unit=3]", "float[unit=3]", over=("unit",)),
    case("float[batch, head=2, key=3]", "float[head=2, key=3, feature=4]", over=("head", "key")),
    case(
        "float[batch, feature=3]",
        "float[feature=4, unit=2]",
        over=("feature",),
        says="has feature=3",
    ),
    case("float[batch, feature=3]", "float[unit=2]", over=("feature",), says="no feature"),
)
def dot(x: Value, y: Value, *, over: tuple[str, ...]) -> Type:
    """The sum of products over the named axes; other axes that both have are matched.

    Matched axes come first, then the others of x, then those of y.
    """
    for axis in dict.fromkeys((*over, *(axis for axis in x.axes if axis in y.axes))):
        if x.type.sizes.get(axis, -1) != y.type.sizes.get(axis, -1):
            names = called(x, y)
            has = [f"{axis}={v.size(axis)}" if axis in v.axes else f"no {axis}" for v in (x, y)]
            raise fail("dot", f"{names[0]} has {has[0]}, {names[1]} has {has[1]}")
    both = [dim for dim in x.type.dims if dim[0] in y.axes]
    rest = [dim for dim in x.type.dims if dim[0] not in y.axes] + [
        dim for dim in y.type.dims if dim[0] not in x.axes
    ]
    return Type("float", tuple(dim for dim in (*both, *rest) if dim[0] not in over))


def along(function: Callable[..., Any]) -> Callable[..., Any]:
    """A numpy function of an array and a dimension as the meaning of a node."""
    return lambda node, x, *, over: function(x, node.inputs[0].axes.index(over))


def needs(op: str, x: Value, axis: str) -> None:
    """ShapeError, naming x, if it lacks an axis."""
    if axis not in x.axes:
        raise fail(op, f"{called(x)[0]} has no axis {axis!r}: {x.type}")


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _log_softmax(x: Any, axis: int) -> Any:
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


OVER_SOURCE = (
    case("float[batch, source]", over="source"),
    case("float[batch, source, beam]", over="source"),
    case("float[batch]", over="source", says="no axis 'source'"),
)


@operation(along(_softmax), *OVER_SOURCE)
def softmax(x: Value, *, over: str) -> Type:
    """Shares that add up to one along an axis."""
    needs("softmax", x, over)
    return x.type


@operation(along(_log_softmax), *OVER_SOURCE)
def log_softmax(x: Value, *, over: str) -> Type:
    """The logarithm of `softmax`."""
    needs("log_softmax", x, over)
    return x.type


@operation(along(np.sum), *OVER_SOURCE, case("int[batch, source]", over="source"))
def total(x: Value, *, over: str) -> Type:
    """The sum along an axis."""
    needs("total", x, over)
    return x.type.without(over)


@operation(along(np.max), *OVER_SOURCE, case("int[batch, source]", over="source"))
def greatest(x: Value, *, over: str) -> Type:
    """The greatest value along an axis."""
    needs("greatest", x, over)
    return x.type.without(over)


@operation(along(np.min), *OVER_SOURCE, case("int[batch, source]", over="source"))
def least(x: Value, *, over: str) -> Type:
    """The smallest value along an axis."""
    needs("least", x, over)
    return x.type.without(over)


@operation(along(np.argmax), *OVER_SOURCE)
def argmax(x: Value, *, over: str) -> Type:
    """Where the greatest value is; of equals, the first."""
    needs("argmax", x, over)
    return Type("int", x.type.without(over).dims)


@operation(along(lambda x, axis: np.cumsum(x, axis)), *OVER_SOURCE)
def cumsum(x: Value, *, over: str) -> Type:
    """At every place, the sum up to and with it."""
    needs("cumsum", x, over)
    return x.type


@operation(lambda node, x: np.all(x), case("bool[batch]"), case("bool[batch, beam]"), case("bool"))
def every(x: Value) -> Type:
    """Whether all are true, over all axes."""
    return Type("bool")


def _norm(node: Node, x: Any, scale: Any, bias: Any, *, over: str, epsilon: float) -> Any:
    axes = node.inputs[0].axes
    place = axes.index(over)
    x = x - x.mean(place, keepdims=True)
    x = x / np.sqrt((x**2).mean(place, keepdims=True) + epsilon)
    return x * align(scale, (over,), axes) + align(bias, (over,), axes)


@operation(
    _norm,
    case(
        "float[batch, time, feature=3]",
        "float[feature=3]",
        "float[feature=3]",
        over="feature",
        epsilon=1e-5,
    ),
    case(
        "float[feature=3, batch]",
        "float[feature=3]",
        "float[feature=3]",
        over="feature",
        epsilon=1e-5,
    ),
    case(
        "float[batch]",
        "float[feature=3]",
        "float[feature=3]",
        over="feature",
        epsilon=1e-5,
        says="no axis",
    ),
)
def norm(x: Value, scale: Value, bias: Value, *, over: str, epsilon: float) -> Type:
    """Layer normalisation: mean 0 and variance 1 along an axis, then scale and bias (Ba 2016)."""
    needs("norm", x, over)
    return x.type


def _root_mean_square(node: Node, x: Any, scale: Any, *, over: str, epsilon: float) -> Any:
    axes = node.inputs[0].axes
    place = axes.index(over)
    return x / np.sqrt((x**2).mean(place, keepdims=True) + epsilon) * align(scale, (over,), axes)


@operation(
    _root_mean_square,
    case("float[batch, time, feature=3]", "float[feature=3]", over="feature", epsilon=1e-6),
    case("float[batch]", "float[feature=3]", over="feature", epsilon=1e-6, says="no axis"),
)
def root_mean_square(x: Value, scale: Value, *, over: str, epsilon: float) -> Type:
    """RMS normalisation: mean square 1 along an axis, then scale (Zhang & Sennrich 2019)."""
    needs("root_mean_square", x, over)
    return x.type
