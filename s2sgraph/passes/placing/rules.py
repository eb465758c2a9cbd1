"""How each operation that is not elementwise is placed."""

from __future__ import annotations

from typing import Any

from s2sgraph.graph.types import DType, Size, Type
from s2sgraph.graph.values import Layout, Node, Value
from s2sgraph.passes.placing.layout import (
    apart,
    apiece,
    axes_of,
    broadcast,
    stored,
    together,
    without,
)
from s2sgraph.passes.placing.placer import Extent, Placed, Placer, rule


@rule("const")
def const(p: Placer, node: Node, value: Any, dtype: DType, axes: tuple[str, ...] = ()) -> Placed:
    return p.op("const", [], apiece(*axes), node.outputs[0].type, value=value, dtype=dtype)


# -- products ---------------------------------------------------------------------------


@rule("dot")
def dot(p: Placer, node: Node, x: Placed, y: Placed, over: tuple[str, ...]) -> Placed:
    shared = [axis for axis in y.type.axes if axis in x.type.axes and axis not in over]
    if not shared and (y.raw.name in p.graph.weights or set(y.type.axes) == set(over)):
        return _linear(p, node.outputs[0].type, x, y, over)
    groups = tuple(
        group for g in x.layout if (group := tuple(axis for axis in g if axis in shared))
    )
    if sorted(axes_of(groups)) != sorted(shared):
        groups = apiece(*shared)
    rows, columns = _rest(x, over, shared), _rest(y, over, shared)
    type = node.outputs[0].type
    left, right = p.conform(x, (*groups, rows, over)), p.conform(y, (*groups, over, columns))
    return p.op("matmul", [left.raw, right.raw], (*groups, rows, columns), type)


def _rest(v: Placed, over: tuple[str, ...], shared: list[str]) -> tuple[str, ...]:
    """The axes that only this operand has, in the order that it has them in."""
    return tuple(axis for axis in axes_of(v.layout) if axis not in over and axis not in shared)


def _linear(p: Placer, type: Type, x: Placed, weight: Placed, over: tuple[str, ...]) -> Placed:
    """A product with a weight, which is stored [out, in], or with any vector."""
    lead = without(x.layout, *over)
    out = _rest(weight, over, [])
    if not out:
        vector = p.conform(weight, (over,))
        return p.op("matmul", [p.conform(x, (*lead, over)).raw, vector.raw], lead, type)
    lead = together(lead)
    inputs = [p.conform(x, (*lead, over)).raw, p.conform(weight, (out, over)).raw]
    return p.op("linear", inputs, (*lead, out), type)


# -- along an axis ----------------------------------------------------------------------


@rule("softmax", "log_softmax", "cumsum", "total", "greatest", "least", "argmax")
def along(p: Placer, node: Node, x: Placed, over: str) -> Placed:
    """An operation along one axis, a dimension of its own, which the result may lack."""
    x = p.conform(x, apart(x.layout, over))
    type = node.outputs[0].type
    layout = tuple(group for group in x.layout if group != (over,) or over in type.axes)
    return p.op(node.op, [x.raw], layout, type, axis=x.layout.index((over,)))


@rule("every")
def every(p: Placer, node: Node, x: Placed) -> Placed:
    return p.op("every", [x.raw], (), node.outputs[0].type)


@rule("dropout")
def dropout(p: Placer, node: Node, x: Placed, rate: float) -> Placed:
    return p.op("dropout", [x.raw], x.layout, x.type, rate=rate)


@rule("noisy")
def noisy(p: Placer, node: Node, x: Placed, deviation: float) -> Placed:
    return p.op("noisy", [x.raw], x.layout, x.type, deviation=deviation)


def _last(p: Placer, x: Placed, over: str) -> Placed:
    return p.conform(x, (*without(apart(x.layout, over), over), (over,)))


@rule("norm")
def norm(
    p: Placer, node: Node, x: Placed, scale: Placed, bias: Placed, over: str, epsilon: float
) -> Placed:
    x = _last(p, x, over)
    return p.op("norm", [x.raw, scale.raw, bias.raw], x.layout, x.type, epsilon=epsilon)


@rule("root_mean_square")
def root_mean_square(
    p: Placer, node: Node, x: Placed, scale: Placed, over: str, epsilon: float
) -> Placed:
    x = _last(p, x, over)
    return p.op("root_mean_square", [x.raw, scale.raw], x.layout, x.type, epsilon=epsilon)


@rule("top")
def top(p: Placer, node: Node, x: Placed, count: Placed, over: str, into: str) -> list[Placed]:
    x = p.conform(x, apart(x.layout, over))
    layout = tuple((into,) if group == (over,) else group for group in x.layout)
    types = [value.type for value in node.outputs]
    axis = x.layout.index((over,))
    return p.emit("top", [x.raw, count.raw], [layout, layout], types, axis=axis)


# -- axes -------------------------------------------------------------------------------


@rule("rename")
def rename(p: Placer, node: Node, x: Placed, **names: str) -> Placed:
    layout = tuple(tuple(names.get(axis, axis) for axis in group) for group in x.layout)
    return Placed(x.raw, layout, node.outputs[0].type)


@rule("arrange")
def arrange(p: Placer, node: Node, x: Placed, axes: tuple[str, ...]) -> Placed:
    return Placed(x.raw, x.layout, node.outputs[0].type)


@rule("merge")
def merge(p: Placer, node: Node, x: Placed, axes: tuple[str, ...], into: str) -> Placed:
    layout = apart(x.layout, *axes)
    place = next(i for i, group in enumerate(layout) if set(group) & set(axes))
    lead = [group for group in layout if not set(group) & set(axes)]
    x = p.conform(x, (*lead[:place], axes, *lead[place:]))
    layout = tuple((into,) if group == axes else group for group in x.layout)
    return Placed(x.raw, layout, node.outputs[0].type)


@rule("split")
def split(p: Placer, node: Node, x: Placed, axis: str, into: tuple[tuple[str, int], ...]) -> Placed:
    names = tuple(name for name, _ in into)
    layout = tuple(
        tuple(n for a in group for n in (names if a == axis else (a,))) for group in x.layout
    )
    return Placed(x.raw, layout, node.outputs[0].type)


@rule("unstack")
def unstack(p: Placer, node: Node, x: Placed, axis: str) -> list[Placed]:
    if not any(group[:1] == (axis,) for group in x.layout):
        x = p.conform(x, apart(x.layout, axis))
    place = next(i for i, group in enumerate(x.layout) if group[:1] == (axis,))
    layout = tuple(group[1:] if i == place else group for i, group in enumerate(x.layout))
    parts = p.emit(
        "split",
        [x.raw],
        [layout] * len(node.outputs),
        [value.type for value in node.outputs],
        axis=place,
        parts=len(node.outputs),
    )
    return parts if layout[place] else [p.reshape(part, without(layout)) for part in parts]


@rule("concat")
def concat(p: Placer, node: Node, *xs: Placed, over: str) -> Placed:
    layout = together(tuple(group for group in apart(xs[0].layout, over) if group))
    inputs = [p.conform(x, layout).raw for x in xs]
    return p.op("concat", inputs, layout, node.outputs[0].type, axis=layout.index((over,)))


@rule("append")
def append(p: Placer, node: Node, old: Placed, x: Placed, over: str) -> Placed:
    old = p.conform(old, apart(old.layout, over))
    x = p.conform(x, tuple(() if group == (over,) else group for group in old.layout))
    return p.op("concat", [old.raw, x.raw], old.layout, old.type, axis=old.layout.index((over,)))


@rule("shift")
def shift(p: Placer, node: Node, x: Placed, start: Placed, over: str) -> Placed:
    x = p.conform(x, apart(x.layout, over))
    axis = x.layout.index((over,))
    first = p.conform(start, tuple(() if group == (over,) else group for group in x.layout))
    rest = p.op("all_but_last", [x.raw], x.layout, x.type, axis=axis)
    return p.op("concat", [first.raw, rest.raw], x.layout, x.type, axis=axis)


@rule("expand")
def expand(p: Placer, node: Node, x: Placed, like: Placed, axes: tuple[str, ...]) -> Placed:
    type = node.outputs[0].type
    layout = stored(type)
    if any(0 < sum(axis in x.type.axes for axis in group) < len(group) for group in layout):
        layout = apiece(*type.axes)
    shape, extra = _sizes(p, type, layout, [x, like])
    wide = p.conform(x, broadcast(layout, x.type.axes))
    result = p.op("expand", [wide.raw, *extra], layout, type, shape=shape)
    return p.conform(result, stored(type))


@rule("full")
def full(
    p: Placer,
    node: Node,
    *likes: Placed,
    dims: tuple[tuple[str, Size], ...],
    dtype: DType,
    value: Any,
) -> Placed:
    type = node.outputs[0].type
    layout = stored(type)
    shape, extra = _sizes(p, type, layout, [*likes], first=0)
    return p.op("full", extra, layout, type, shape=shape, value=value, dtype=dtype)


def _sizes(
    p: Placer, type: Type, layout: Layout, near: list[Placed], first: int = 1
) -> tuple[tuple[int | Extent, ...], list[Value]]:
    """A shape whose unknown sizes are read from values near by, or else from any with the axis.

    With it, the further operands that they are read from, which stand from place `first` on.
    """
    before = dict(p.sizes)
    for v in near:
        for dim, group in enumerate(v.layout):
            if len(group) == 1:
                p.sizes.setdefault(group[0], (v.raw, dim))
    extra: list[Value] = []
    shape = tuple(p.extent(type, group, extra, first) for group in layout)
    p.sizes = before
    return shape, extra


@rule("places")
def places(p: Placer, node: Node, x: Placed, over: str) -> Placed:
    size = x.type.sizes[over]
    if size is not None:
        return p.op(
            "const", [], ((over,),), node.outputs[0].type, value=tuple(range(size)), dtype="int"
        )
    raw, dim = _read(p, x, over)
    return p.op("range", [raw], ((over,),), node.outputs[0].type, size=Extent(1, ((0, dim),)))


@rule("iota")
def iota(p: Placer, node: Node, count: Placed, into: str) -> Placed:
    return p.op("iota", [count.raw], ((into,),), node.outputs[0].type)


@rule("extent")
def extent(p: Placer, node: Node, x: Placed, over: str) -> Placed:
    size = x.type.sizes[over]
    if size is not None:
        return p.op("const", [], (), node.outputs[0].type, value=size, dtype="int")
    raw, dim = _read(p, x, over)
    return p.op("size", [raw], (), node.outputs[0].type, size=Extent(1, ((0, dim),)))


def _read(p: Placer, x: Placed, axis: str) -> tuple[Value, int]:
    """Where the size of an axis can be read: from x itself if it stands alone there."""
    if axis in p.sizes:
        return p.sizes[axis]
    x = p.conform(x, apart(x.layout, axis))
    return x.raw, x.layout.index((axis,))


@rule("cover")
def cover(p: Placer, node: Node, x: Placed, over: str, into: str, value: float) -> Placed:
    x = p.conform(x, apart(x.layout, over))
    layout = tuple((into,) if group == (over,) else group for group in x.layout)
    return p.op(
        "cover", [x.raw], layout, node.outputs[0].type, axis=x.layout.index((over,)), value=value
    )


@rule("trim")
def trim(p: Placer, node: Node, x: Placed, count: Placed, over: str, into: str) -> Placed:
    x = p.conform(x, apart(x.layout, over))
    layout = tuple((into,) if group == (over,) else group for group in x.layout)
    return p.op(
        "head", [x.raw, count.raw], layout, node.outputs[0].type, axis=x.layout.index((over,))
    )


# -- looking up -------------------------------------------------------------------------


@rule("take")
def take(p: Placer, node: Node, table: Placed, index: Placed, over: str) -> Placed:
    type = node.outputs[0].type
    kept = [axis for axis in table.type.axes if axis != over]
    shared = tuple(axis for axis in kept if axis in index.type.axes)
    if not shared:
        table = p.conform(table, ((over,), *without(apart(table.layout, over), over)))
        return p.op("gather", [table.raw, index.raw], (*index.layout, *table.layout[1:]), type)
    rest = without(apart(table.layout, over, *shared), over, *shared)
    new = tuple(axis for axis in index.type.axes if axis not in shared)
    if not rest:
        table, index = p.conform(table, (shared, (over,))), p.conform(index, (shared, new))
        return p.op("gather_along", [table.raw, index.raw], (shared, new), type)
    flat = _flat(p, table, index, over, shared, new)
    table = p.conform(table, ((*shared, over), *rest))
    return p.op("gather", [table.raw, flat.raw], ((*shared, *new), *rest), type)


def _flat(
    p: Placer,
    table: Placed,
    index: Placed,
    over: str,
    shared: tuple[str, ...],
    new: tuple[str, ...],
) -> Placed:
    """Places in a table whose shared axes and `over` are one dimension."""
    key = (index.raw, over, shared, p.here)
    if key in p.flat_places:
        return p.flat_places[key]
    integers = Type("int", tuple((axis, index.type.sizes[axis]) for axis in shared))
    rows: list[Value] = []
    count = p.extent(integers, shared, rows, 0)
    first = p.op("range", rows, (shared,), integers, size=count)
    size = table.type.sizes[over]
    if size is None:
        raw, dim = _read(p, table, over)
        step = p.op("size", [raw], (), Type("int"), size=Extent(1, ((0, dim),)))
    else:
        step = p.op("const", [], (), Type("int"), value=size, dtype="int")
    first = p.op("mul", [first.raw, step.raw], (shared,), integers)
    if new:
        first = p.reshape(first, (shared, ()))
    index = p.conform(index, (shared, new) if new else (shared,))
    flat = p.op("add", [index.raw, first.raw], index.layout, index.type)
    p.flat_places[key] = p.reshape(flat, ((*shared, *new),))
    return p.flat_places[key]


@rule("which")
def which(p: Placer, node: Node, x: Placed, into: str) -> Placed:
    return p.op("which", [x.raw], ((into,),), node.outputs[0].type)


@rule("scatter")
def scatter(
    p: Placer, node: Node, x: Placed, index: Placed, values: Placed, over: str, how: str
) -> Placed:
    rows = tuple(axis for axis in axes_of(x.layout) if axis != over)
    dims = [(axis, x.type.sizes[axis]) for axis in rows]
    dims += [dim for dim in index.type.dims if dim[0] not in rows]
    places = tuple(axis for axis, _ in dims[len(rows) :])
    x = p.conform(x, (rows, (over,)))
    parts = [_wide(p, v, Type(v.type.dtype, tuple(dims)), x) for v in (index, values)]
    inputs = [x.raw, *(p.conform(part, (rows, places)).raw for part in parts)]
    return p.op("scatter", inputs, x.layout, x.type, how=how)


def _wide(p: Placer, v: Placed, type: Type, like: Placed) -> Placed:
    """A value with copies of itself along the axes of a type that it lacks."""
    if set(v.type.axes) == set(type.axes):
        return v
    layout = apiece(*type.axes)
    shape, extra = _sizes(p, type, layout, [v, like])
    narrow = p.conform(v, broadcast(layout, v.type.axes))
    return p.op("expand", [narrow.raw, *extra], layout, type, shape=shape)
