"""Operations that change which axes a value has, and how long they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from s2sgraph.graph.ops.contraction import needs
from s2sgraph.graph.ops.operation import NUMPY, align, called, case, fail, operation
from s2sgraph.graph.types import DType, Size, Type
from s2sgraph.graph.values import Node, Value


@operation(
    lambda node, x, **names: x,
    case("float[batch, source]", source="peer"),
    case("float[batch, source]", time="past", says="no axis 'time'"),
    case("float[batch, source]", source="batch", says="twice"),
)
def rename(x: Value, **names: str) -> Type:
    """The same values under other names of axes."""
    for axis in names:
        needs("rename", x, axis)
    result = x.type.renamed(names)
    if len(set(result.axes)) < len(result.axes):
        raise fail("rename", f"{result} would have an axis twice")
    return result


@operation(
    lambda node, x, *, axes, into: x.reshape([*_merged(node.inputs[0].axes, x.shape, axes)]),
    case("float[batch, head=2, key=3]", axes=("head", "key"), into="feature"),
    case("float[batch, beam, rank=2]", axes=("beam", "rank"), into="choice"),
    case(
        "float[batch, head=2, key=3]", axes=("key", "head"), into="feature", says="not neighbours"
    ),
)
def merge(x: Value, *, axes: tuple[str, ...], into: str) -> Type:
    """Neighbouring axes as one."""
    needs("merge", x, axes[0])
    place = x.axes.index(axes[0])
    if x.axes[place : place + len(axes)] != axes:
        raise fail("merge", f"{axes} are not neighbours, in this order, in {x.type}")
    sizes = [x.size(axis) for axis in axes]
    size = None if None in sizes else math.prod(size for size in sizes if size)
    return Type(
        x.type.dtype, (*x.type.dims[:place], (into, size), *x.type.dims[place + len(axes) :])
    )


def _merged(
    axes: tuple[str, ...], shape: tuple[int, ...], group: tuple[str, ...]
) -> tuple[int, ...]:
    place, count = axes.index(group[0]), len(group)
    return (*shape[:place], math.prod(shape[place : place + count]), *shape[place + count :])


@operation(
    lambda node, x, *, axis, into: x.reshape(_parted(node, x.shape, axis, into)),
    case("float[batch, feature=6]", axis="feature", into=(("head", 2), ("key", 3))),
    case("float[batch, feature=6]", axis="feature", into=(("head", 4), ("key", 3)), says="12"),
)
def split(x: Value, *, axis: str, into: tuple[tuple[str, int], ...]) -> Type:
    """One axis as several, the last of them running fastest."""
    needs("split", x, axis)
    if math.prod(size for _, size in into) != x.size(axis):
        raise fail(
            "split",
            f"{axis}={x.size(axis)} cannot become {into}, of {math.prod(s for _, s in into)}",
        )
    place = x.axes.index(axis)
    return Type(x.type.dtype, (*x.type.dims[:place], *into, *x.type.dims[place + 1 :]))


def _parted(
    node: Node, shape: tuple[int, ...], axis: str, into: tuple[tuple[str, int], ...]
) -> tuple[int, ...]:
    place = node.inputs[0].axes.index(axis)
    return (*shape[:place], *(size for _, size in into), *shape[place + 1 :])


@operation(
    lambda node, x, *, axis: tuple(
        np.take(x, i, node.inputs[0].axes.index(axis)) for i in range(len(node.outputs))
    ),
    case("float[batch, gate=4, feature=3]", axis="gate"),
    case("float[batch, source]", axis="source", says="unknown"),
)
def unstack(x: Value, *, axis: str) -> tuple[Type, ...]:
    """One value for each place along an axis."""
    needs("unstack", x, axis)
    size = x.size(axis)
    if size is None:
        raise fail("unstack", f"how many there are along {axis} is unknown until run")
    return (x.type.without(axis),) * size


def _concat(node: Node, *arrays: Any, over: str) -> Any:
    axes = node.outputs[0].axes
    aligned = [
        align(array, value.axes, axes) for array, value in zip(arrays, node.inputs, strict=True)
    ]
    return np.concatenate(aligned, axes.index(over))


@operation(
    _concat,
    case("float[batch, feature=3]", "float[batch, feature=2]", over="feature"),
    case("float[batch, feature=3]", "float[feature=2, batch]", over="feature"),
    case(
        "float[batch, time, feature=3]",
        "float[batch, feature=2]",
        over="feature",
        says="differ in more",
    ),
)
def concat(*xs: Value, over: str) -> Type:
    """One after the other along an axis; all other axes are the same."""
    first = xs[0].type
    for x in xs:
        needs("concat", x, over)
        if (
            dict(x.type.without(over).dims) != dict(first.without(over).dims)
            or x.type.dtype != first.dtype
        ):
            parts = (f"{name}: {x.type}" for name, x in zip(called(*xs), xs, strict=True))
            raise fail("concat", " and ".join(parts) + f" differ in more than {over}")
    sizes = [x.size(over) for x in xs]
    size: Size = None if None in sizes else sum(size for size in sizes if size)
    return Type(first.dtype, tuple((axis, size if axis == over else n) for axis, n in first.dims))


def _append(node: Node, old: Any, x: Any, *, over: str) -> Any:
    axes = node.inputs[0].axes
    return np.concatenate([old, align(x, node.inputs[1].axes, axes)], axes.index(over))


@operation(
    _append,
    case("float[batch, past, head=2, key=3]", "float[batch, head=2, key=3]", over="past"),
    case("float[batch, feature=3]", "float[batch]", over="feature", says="fixed"),
    case("float[batch, past]", "float[beam]", over="past", says="one place of"),
)
def append(old: Value, x: Value, *, over: str) -> Type:
    """One more place at the end of an axis that grows."""
    needs("append", old, over)
    if old.size(over) is not None:
        raise fail("append", f"{over} of {old.type} has a fixed size")
    if dict(old.type.without(over).dims) != dict(x.type.dims):
        raise fail("append", f"{x.type} is not one place of {old.type}")
    return old.type


def _expand(node: Node, x: Any, like: Any, *, axes: tuple[str, ...]) -> Any:
    sizes = dict(zip(node.inputs[1].axes, np.shape(like), strict=True))
    sizes |= dict(zip(node.inputs[0].axes, np.shape(x), strict=True))
    out = node.outputs[0].axes
    return np.broadcast_to(align(x, node.inputs[0].axes, out), [sizes[axis] for axis in out]).copy()


@operation(
    _expand,
    case("float[feature=3]", "int[batch, beam]", axes=("batch", "beam")),
    case("float[batch, feature=3]", "int[batch, beam]", axes=("beam",)),
    case("float", "float[batch, feature=3]", axes=("batch",)),
    case("float[feature=3]", "float[batch, feature=5]", axes=("batch",)),
    case("float[batch]", "int[batch]", axes=("batch",), says="already"),
)
def expand(x: Value, like: Value, *, axes: tuple[str, ...]) -> Type:
    """Copies along axes that x lacks, as many as `like` has there."""
    for axis in axes:
        needs("expand", like, axis)
        if axis in x.axes:
            raise fail("expand", f"{called(x)[0]} has {axis} already: {x.type}")
    sizes = like.type.sizes | x.type.sizes
    lead = tuple((axis, sizes[axis]) for axis in like.axes if axis in axes or axis in x.axes)
    rest = tuple(dim for dim in x.type.dims if dim[0] not in like.axes)
    return Type(x.type.dtype, lead + rest)


@operation(
    lambda node, x, *, over: np.arange(x.shape[node.inputs[0].axes.index(over)]),
    case("int[batch, source]", over="source"),
    case("float[batch, feature=3]", over="feature"),
    case("int[batch]", over="source", says="no axis"),
)
def places(x: Value, *, over: str) -> Type:
    """0, 1, 2, … along an axis of x."""
    needs("places", x, over)
    return Type("int", ((over, x.size(over)),))


@operation(
    lambda node, x, *, over: np.int64(x.shape[node.inputs[0].axes.index(over)]),
    case("int[batch, source]", over="source"),
    case("int[batch]", over="source", says="no axis"),
)
def extent(x: Value, *, over: str) -> Type:
    """How many places there are along an axis of x: one integer."""
    needs("extent", x, over)
    return Type("int")


@operation(
    lambda node, count, *, into: np.arange(count),
    case("int", into="beam"),
    case("int[batch]", into="beam", says="one number"),
)
def iota(count: Value, *, into: str) -> Type:
    """0, 1, 2, … as many as a number says, along a new axis."""
    if count.type != Type("int"):
        raise fail("iota", f"how many there are is one number, not {count.type}")
    return Type("int", ((into, None),))


def _cover(node: Node, x: Any, *, over: str, into: str, value: Any) -> Any:
    place = node.inputs[0].axes.index(over)
    if x.shape[place]:
        return x
    shape = [1 if i == place else n for i, n in enumerate(x.shape)]
    return np.full(shape, value, NUMPY[node.outputs[0].type.dtype])


@operation(
    _cover,
    case("int[batch, nothing]", over="nothing", into="source", value=0),
    case("float[batch, source, feature=3]", over="source", into="place", value=0.0),
    case("int[batch]", over="batch", into="row", value=7),
)
def cover(x: Value, *, over: str, into: str, value: float) -> Type:
    """At least one place along an axis, which then has another name.

    Where x has none, there is one of `value`.
    """
    needs("cover", x, over)
    return x.type.renamed({over: into})


@operation(
    lambda node, x, count, *, over, into: np.take(
        x,
        np.arange(min(int(count), x.shape[node.inputs[0].axes.index(over)])),
        node.inputs[0].axes.index(over),
    ),
    case("float[batch, source]", "int", over="source", into="kept"),
    case("float[batch]", "int", over="source", into="kept", says="no axis"),
)
def trim(x: Value, count: Value, *, over: str, into: str) -> Type:
    """The first `count` places along an axis, which then has another name."""
    needs("trim", x, over)
    return x.type.renamed({over: into})


def _shift(node: Node, x: Any, start: Any, *, over: str) -> Any:
    axes = node.inputs[0].axes
    place = axes.index(over)
    first = align(start, node.inputs[1].axes, axes)
    return np.concatenate([first, np.take(x, np.arange(x.shape[place] - 1), place)], place)


@operation(
    _shift,
    case("float[batch, time, feature=3]", "float[batch, feature=3]", over="time"),
    case("int[batch, time]", "int[batch]", over="time"),
    case(
        "float[batch, time, feature=3]", "float[batch, feature=2]", over="time", says="one place of"
    ),
)
def shift(x: Value, start: Value, *, over: str) -> Type:
    """What x was one place earlier along an axis; `start` at the first place."""
    needs("shift", x, over)
    if dict(x.type.without(over).dims) != dict(start.type.dims):
        raise fail("shift", f"{start.type} is not one place of {x.type}")
    return x.type


def _full(
    node: Node, *likes: Any, dims: tuple[tuple[str, Size], ...], dtype: DType, value: float
) -> Any:
    sizes: dict[str, int] = {}
    for like, array in zip(node.inputs, likes, strict=True):
        sizes |= dict(zip(like.axes, np.shape(array), strict=True))
    return np.full(
        [sizes[axis] if size is None else size for axis, size in dims], value, NUMPY[dtype]
    )


@operation(
    _full,
    case("int[batch, source]", dims=(("batch", None), ("feature", 3)), dtype="float", value=0.5),
    case("int[batch]", dims=(("batch", None), ("past", 0), ("feature", 3)), dtype="int", value=0),
    case(dims=(), dtype="bool", value=False),
    case("int[batch]", dims=(("source", None),), dtype="int", value=0, says="how many"),
)
def full(*likes: Value, dims: tuple[tuple[str, Size], ...], dtype: DType, value: float) -> Type:
    """One number everywhere; a size that is not given is that of the operand with the axis."""
    for axis, size in dims:
        if size is None and not any(axis in like.axes for like in likes):
            raise fail("full", f"no operand says how many there are along {axis}")
    return Type(dtype, dims)


@operation(
    lambda node, x, *, axes: x.transpose([node.inputs[0].axes.index(axis) for axis in axes]),
    case("float[batch, time, feature=3]", axes=("time", "batch", "feature")),
    case("float[batch, time]", axes=("time",), says="all axes"),
)
def arrange(x: Value, *, axes: tuple[str, ...]) -> Type:
    """The same values, axes in this order, which matters only for what leaves the graph."""
    if sorted(axes) != sorted(x.axes):
        raise fail("arrange", f"{axes} are not all axes of {x.type}")
    return Type(x.type.dtype, tuple((axis, x.size(axis)) for axis in axes))
