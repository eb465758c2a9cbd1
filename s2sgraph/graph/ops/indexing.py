"""Operations that look places up by their number, or find the greatest."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sgraph.graph.ops.contraction import needs
from s2sgraph.graph.ops.operation import case, fail, operation
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Node, Value


def _take(node: Node, table: Any, index: Any, *, over: str) -> Any:
    table_axes, index_axes = node.inputs[0].axes, node.inputs[1].axes
    shared = [axis for axis in table_axes if axis in index_axes and axis != over]
    rest = [axis for axis in table_axes if axis not in shared and axis != over]
    table = table.transpose([table_axes.index(axis) for axis in (*shared, over, *rest)])
    grids = np.ogrid[tuple(slice(n) for n in index.shape)]
    rows = [grids[index_axes.index(axis)] for axis in shared]
    return table[(*rows, index)]


@operation(
    _take,
    case("float[symbol=5, feature=3]", "int[batch, time]", over="symbol"),
    case("float[symbol=5, feature=3]", "int", over="symbol"),
    case("float[batch, source, feature=3]", "int[batch]", over="source"),
    case("float[batch, beam, feature=3]", "int[batch, beam]", over="beam"),
    case("float[batch, source]", "int[batch, beam]", over="source"),
    case("float[batch, source, feature=3]", "int", over="source"),
    case("float[batch, time, symbol=4]", "int[batch, time]", over="symbol"),
    case("float[symbol=5]", "float[batch]", over="symbol", says="integers"),
    case("float[symbol=5]", "int[batch]", over="source", says="no axis"),
)
def take(table: Value, index: Value, *, over: str) -> Type:
    """The entries of a table at these places of an axis; other axes that both have are matched.

    The axes of the index come first.
    """
    needs("take", table, over)
    if index.type.dtype != "int":
        raise fail("take", f"places are integers, not {index.type}")
    rest = tuple(dim for dim in table.type.dims if dim[0] not in (over, *index.axes))
    return Type(table.type.dtype, index.type.dims + rest)


def _top(node: Node, x: Any, *, over: str, count: int, into: str) -> Any:
    place = node.inputs[0].axes.index(over)
    index = np.argsort(-x, axis=place, kind="stable").take(range(count), place)
    return np.take_along_axis(x, index, place), index


@operation(
    _top,
    case("float[batch, symbol=5]", over="symbol", count=2, into="rank"),
    case("float[symbol=5, batch]", over="symbol", count=5, into="rank"),
    case("float[batch, symbol=5]", over="symbol", count=6, into="rank", says="only 5"),
)
def top(x: Value, *, over: str, count: int, into: str) -> tuple[Type, Type]:
    """The greatest along an axis, greatest first, and where they are; it is then called `into`."""
    needs("top", x, over)
    size = x.size(over)
    if size is not None and size < count:
        raise fail("top", f"{count} are asked for, there are only {size} along {over}")
    dims = tuple((into, count) if axis == over else (axis, n) for axis, n in x.type.dims)
    return Type(x.type.dtype, dims), Type("int", dims)
