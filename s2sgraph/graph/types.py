"""Types of values: what is counted, and the names of the axes it is laid out along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal, cast, get_args

DType = Literal["float", "int", "bool"]
Size = int | None
"""A number, or None: found when the graph runs, and then the same for all axes of that name."""

_TYPE = re.compile(r"(float|int|bool)(?:\[(.*)\])?")
_AXIS = re.compile(r"([a-z_']+)(?:=(\d+))?")


class ShapeError(Exception):
    """Values were combined whose axes, dtypes or sizes do not fit.

    Attributes:
        where: the path of the layer that was being traced, which the trace fills in.
    """

    where = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.where}: {text}" if self.where else text


@dataclass(frozen=True)
class Type:
    """A dtype and ordered, named axes: `float[batch, time, feature=64]`."""

    dtype: DType
    dims: tuple[tuple[str, Size], ...] = ()

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes, in their order."""
        return tuple(axis for axis, _ in self.dims)

    @cached_property
    def sizes(self) -> MappingProxyType[str, Size]:
        """How long each axis is, or None."""
        return MappingProxyType(dict(self.dims))

    def only(self, *axes: str) -> Type:
        """The type with just these axes, in its own order."""
        return Type(self.dtype, tuple(dim for dim in self.dims if dim[0] in axes))

    def without(self, *axes: str) -> Type:
        """The type less these axes, whether it has them or not."""
        return Type(self.dtype, tuple(dim for dim in self.dims if dim[0] not in axes))

    def renamed(self, names: dict[str, str]) -> Type:
        """The type with other names, `{old: new}`, for some of its axes."""
        return Type(self.dtype, tuple((names.get(axis, axis), size) for axis, size in self.dims))

    def __str__(self) -> str:
        if not self.dims:
            return self.dtype
        dims = (axis if size is None else f"{axis}={size}" for axis, size in self.dims)
        return f"{self.dtype}[{', '.join(dims)}]"


def parse(text: str) -> Type:
    """The type that prints as `text`; ValueError if there is none.

    >>> parse("float[batch, feature=64]").sizes["feature"]
    64
    """
    match = _TYPE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"not a type: {text!r}; one of {get_args(DType)}, then [axis, axis=size, ...]"
        )
    dtype, dims = match.groups()
    return Type(cast(DType, dtype), tuple(map(_dim, dims.split(", "))) if dims else ())


def _dim(text: str) -> tuple[str, Size]:
    match = _AXIS.fullmatch(text)
    if match is None:
        raise ValueError(f"not an axis: {text!r}; write axis or axis=size")
    axis, size = match.groups()
    return axis, int(size) if size else None
