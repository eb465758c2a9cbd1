"""What an operation is: one declaration gives its type rule, meaning in numpy, and cases."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload

import numpy as np
import numpy.typing as npt

from s2sgraph.graph import trace
from s2sgraph.graph.numbers import Numbers
from s2sgraph.graph.types import DType, ShapeError, Size, Type
from s2sgraph.graph.values import Value

Array = npt.NDArray[Any]
NUMPY: dict[DType, type[np.generic]] = {"float": np.float64, "int": np.int64, "bool": np.bool_}
"""Meanings are computed in double precision, so that they can judge every engine."""


@dataclass(frozen=True)
class Case:
    """An example: operands by their types, settings, and what the error says if it is one."""

    operands: tuple[str, ...]
    attrs: dict[str, Any]
    says: str = ""


def case(*operands: str, says: str = "", **attrs: Any) -> Case:
    """An example, written like a call: `case("float[batch, source]", over="source")`."""
    return Case(operands, attrs, says)


@dataclass(frozen=True)
class Operation:
    """`rule` gives the types of the results; `meaning(node, *arrays, **attrs)` computes them.

    Arrays have one dimension for each axis of their value's type, in its order.
    """

    name: str
    rule: Callable[..., Type | tuple[Type, ...]]
    meaning: Callable[..., Any]
    cases: tuple[Case, ...]
    record: Callable[..., Any]


OPERATIONS: dict[str, Operation] = {}


class Declare(Protocol):
    """From a type rule to what records a node; a rule of several types gives several values."""

    @overload
    def __call__(self, rule: Callable[..., Type], /) -> Callable[..., Value]: ...
    @overload
    def __call__(
        self, rule: Callable[..., tuple[Type, ...]], /
    ) -> Callable[..., tuple[Value, ...]]: ...


def operation(meaning: Callable[..., Any], *cases: Case) -> Declare:
    """Declare an operation: the decorated function is its signature and its type rule.

    What it becomes records a node when it is called; operands may be numbers.
    """

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        name = rule.__name__.rstrip("_")

        @functools.wraps(rule)
        def record(*operands: Value | float, **attrs: Any) -> Any:
            values = lift(operands)
            types = rule(*values, **attrs)
            if isinstance(types, tuple):
                return trace.emit(name, values, types, attrs)
            return trace.emit(name, values, (types,), attrs)[0]

        OPERATIONS[name] = Operation(name, rule, meaning, cases, record)
        return record

    return declare


def lift(operands: tuple[Value | float, ...]) -> tuple[Value, ...]:
    """Numbers among the operands become constants of the dtype of the other operands."""
    dtypes = {operand.type.dtype for operand in operands if isinstance(operand, Value)}
    numbers = [operand for operand in operands if not isinstance(operand, Value)]
    is_float = "float" in dtypes or any(isinstance(number, float) for number in numbers)
    is_bool = all(isinstance(number, bool) for number in numbers)
    dtype: DType = "float" if is_float else "bool" if is_bool else "int"
    return tuple(x if isinstance(x, Value) else const(value=x, dtype=dtype) for x in operands)


def fail(op: str, text: str) -> ShapeError:
    """The error of an operation."""
    return ShapeError(f"{op}: {text}")


_OURS = str(Path(__file__).parent.parent)


def called(*values: Value) -> list[str]:
    """What the code that uses operations calls these values, for errors.

    That is its variable, or else the value's own name, or its type.
    """
    caller = inspect.currentframe()
    while caller is not None and caller.f_code.co_filename.startswith(_OURS):
        caller = caller.f_back
    names = {id(value): name for name, value in caller.f_locals.items()} if caller else {}
    return [names.get(id(value), value.name or str(value.type)) for value in values]


@operation(
    lambda node, *, value, dtype, axes=(): np.array(value, NUMPY[dtype]),
    case(value=2.5, dtype="float"),
    case(value=(1, 2, 3), dtype="int", axes=("place",)),
    case(value=Numbers([7, 0, 300]), dtype="int", axes=("place",)),
)
def const(*, value: Any, dtype: DType, axes: tuple[str, ...] = ()) -> Type:
    """A number, or an array with these axes, as nested tuples or `Numbers`."""
    return Type(dtype, tuple(zip(axes, np.shape(value), strict=True)))


# -- axes that meet by name -------------------------------------------------------------

ROWS = ("batch", "beam")
"""Axes that come first wherever operands meet."""

_pairs: ContextVar[bool] = ContextVar("pairs", default=False)


Result = TypeVar("Result")


def outer(op: Callable[..., Result], *operands: Value) -> Result:
    """An elementwise operation on every pair: axes that only one operand has are all kept."""
    token = _pairs.set(True)
    try:
        return op(*operands)
    finally:
        _pairs.reset(token)


def union(op: str, *values: Value) -> tuple[tuple[str, Size], ...]:
    """The axes of all values, each after those that it follows.

    ShapeError if sizes differ, or if no value has all axes and `outer` was not said.
    """
    dims = values[0].type.dims
    if all(value.type.dims == dims for value in values[1:]):
        return _rows_first(dims)
    order: list[str] = []
    owners: dict[str, Value] = {}
    for value in sorted(values, key=lambda value: -len(value.axes)):
        place = len(order)
        for axis, size in reversed(value.type.dims):
            if axis not in order:
                order.insert(place, axis)
            place = order.index(axis)
            owner = owners.setdefault(axis, value)
            if owner.size(axis) != size:
                first, second = called(owner, value)
                raise fail(op, f"{first} has {axis}={owner.size(axis)}, {second} has {axis}={size}")
    if not _pairs.get() and not any(set(value.axes) == set(order) for value in values):
        parts = (
            f"{name} has {list(value.axes)}"
            for name, value in zip(called(*values), values, strict=True)
        )
        raise fail(
            op, f"{' and '.join(parts)}: neither has all axes; if every pair is meant, say outer"
        )
    return _rows_first((axis, owners[axis].size(axis)) for axis in order)


def _rows_first(dims: Iterable[tuple[str, Size]]) -> tuple[tuple[str, Size], ...]:
    return tuple(sorted(dims, key=lambda dim: ROWS.index(dim[0]) if dim[0] in ROWS else len(ROWS)))


def align(array: Array, axes: tuple[str, ...], to: tuple[str, ...]) -> Array:
    """An array with axes `axes`, ready to be broadcast against one with axes `to`."""
    if axes == to:
        return array
    order = [axis for axis in to if axis in axes]
    array = array.transpose([axes.index(axis) for axis in order])
    return array.reshape([array.shape[order.index(axis)] if axis in axes else 1 for axis in to])
