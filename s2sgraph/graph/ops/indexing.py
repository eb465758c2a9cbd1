"""Operations that look places up by their number, or find the greatest."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from s2sgraph.graph.ops.contraction import needs
from s2sgraph.graph.ops.operation import align, called, case, fail, operation
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
    case("float[batch, beam, source, feature=3]", "int[batch, beam]", over="source"),
    case("float[batch, beam, source, feature=3]", "int[beam, batch, rank]", over="source"),
    case("float[batch, beam, source]", "int[batch, beam, rank]", over="source"),
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


@operation(
    lambda node, x, *, into: np.flatnonzero(x),
    case("bool[batch]", into="kept"),
    case("bool[beam=4]", into="beam"),
    case("int[batch]", into="kept", says="truths along one axis"),
    case("bool[batch, beam]", into="kept", says="truths along one axis"),
)
def which(x: Value, *, into: str) -> Type:
    """The places along its one axis where x is true, first to last, along a new axis."""
    if x.type.dtype != "bool" or len(x.axes) != 1:
        raise fail("which", f"expected truths along one axis, not {x.type}")
    return Type("int", ((into, None),))


def _top(node: Node, x: Any, count: Any, *, over: str, into: str) -> Any:
    place = node.inputs[0].axes.index(over)
    index = np.argsort(-x, axis=place, kind="stable").take(range(int(count.item())), place)
    return np.take_along_axis(x, index, place), index


@operation(
    _top,
    case("float[batch, symbol=5]", "int[positive=1]", over="symbol", into="rank"),
    case("float[symbol=5, batch]", "int[positive=1]", over="symbol", into="rank"),
    case("float[batch, source]", "int[positive=1]", over="source", into="source"),
    case("float[batch, symbol=5]", "int", over="symbol", into="rank", says="one number along"),
    case("float[batch]", "int[positive=1]", over="symbol", into="rank", says="no axis"),
)
def top(x: Value, count: Value, *, over: str, into: str) -> tuple[Type, Type]:
    """The `count` greatest along an axis, greatest first, and where they are; of equals, the first.

    The axis is then called `into`. `count` has one place, and is no more than there are along
    `over`.
    """
    needs("top", x, over)
    if count.type.dtype != "int" or [size for _, size in count.type.dims] != [1]:
        raise fail("top", f"count is one number along an axis of size 1, not {count.type}")
    dims = tuple((into, None) if axis == over else (axis, n) for axis, n in x.type.dims)
    return Type(x.type.dtype, dims), Type("int", dims)


HOW = {"add": np.add.at, "least": np.minimum.at}


def _scatter(node: Node, x: Any, index: Any, values: Any, *, over: str, how: str) -> Any:
    axes = tuple(axis for axis in node.inputs[0].axes if axis != over)
    places = tuple(axis for axis in node.inputs[1].axes if axis not in axes)
    rows = np.moveaxis(x, node.inputs[0].axes.index(over), -1).copy()
    operands = (
        align(array, value.axes, (*axes, *places))
        for array, value in zip((index, values), node.inputs[1:], strict=True)
    )
    room = np.empty((*rows.shape[:-1], *(1 for _ in places)))
    _, index, values = np.broadcast_arrays(room, *operands)
    grid = np.ogrid[tuple(slice(n) for n in index.shape)][: len(axes)]
    HOW[how](rows, (*grid, index), values)
    return np.moveaxis(rows, -1, node.inputs[0].axes.index(over))


BAG = "float[batch, symbol=5]"
WORDS = "int[batch, source]"


@operation(
    _scatter,
    case(BAG, WORDS, "float[batch, source]", over="symbol", how="add"),
    case(BAG, WORDS, "float[batch, source]", over="symbol", how="least"),
    case("float[symbol=5, batch]", WORDS, "float[source, batch]", over="symbol", how="add"),
    case(
        "float[batch, beam, symbol=5]",
        WORDS,
        "float[batch, beam, source]",
        over="symbol",
        how="add",
    ),
    case(
        "float[batch, time, symbol=5]",
        WORDS,
        "float[batch, time, source]",
        over="symbol",
        how="least",
    ),
    case("float[batch, beam, past]", "int[batch, beam]", "float", over="past", how="least"),
    case("float[symbol=5]", WORDS, "float[source]", over="symbol", how="add"),
    case("int[batch, symbol=5]", WORDS, "int[batch, source]", over="symbol", how="least"),
    case(BAG, "int[batch, nothing]", "float[batch, nothing]", over="symbol", how="add"),
    case(BAG, WORDS, "float[batch, source]", over="feature", how="add", says="no axis"),
    case(BAG, "float[batch, source]", "float", over="symbol", how="add", says="integers"),
    case(BAG, WORDS, WORDS, over="symbol", how="add", says="two kinds"),
    case(BAG, "int[symbol=5]", "float", over="symbol", how="add", says="has the axis 'symbol'"),
    case(BAG, WORDS, "float[batch, time]", over="symbol", how="add", says="'time', which neither"),
    case(BAG, "int[batch, source=2]", "float[source=3]", over="symbol", how="add", says="source=3"),
    case(BAG, WORDS, "float", over="symbol", how="mean", says="add, least"),
)
def scatter(
    x: Value, index: Value, values: Value, *, over: str, how: Literal["add", "least"]
) -> Type:
    """Values added to x at the places of an axis that the index names, or the least of both.

    Axes that x and the index share are matched. Along the other axes of the index all values come
    to the same x; along the other axes of x the index is the same, and along those that the values
    lack, the values are. Of a place that is named several times, all values count.
    """
    needs("scatter", x, over)
    if how not in HOW:
        raise fail("scatter", f"how is one of {', '.join(HOW)}, not {how}")
    if index.type.dtype != "int":
        raise fail("scatter", f"places are integers, not {index.type}")
    if x.type.dtype != values.type.dtype:
        raise fail("scatter", f"{x.type} and {values.type} are of two kinds")
    sizes = {**index.type.sizes, **x.type.sizes}
    for value, name in zip((index, values), called(index, values), strict=True):
        if over in value.axes:
            raise fail("scatter", f"{name} has the axis {over!r} that it is scattered over")
        for axis, size in value.type.dims:
            if axis not in sizes:
                raise fail("scatter", f"{name} has {axis!r}, which neither x nor the index has")
            if size != sizes[axis]:
                raise fail("scatter", f"{name} has {axis}={size}, expected {sizes[axis]}")
    return x.type
