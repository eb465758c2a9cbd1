"""Types of values: what is counted, and the names of the axes it is laid out along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

DType = Literal["float", "int", "bool"]
Size = int | None
"""A number, or None: known only when the graph runs, and then one size for every axis of that name."""

_TYPE = re.compile(r"(float|int|bool)(?:\[(.*)\])?")
_AXIS = re.compile(r"([a-z_']+)(?:=(\d+))?")


class ShapeError(Exception):
    """Values were combined whose axes or dtypes do not fit; the text names the layer and the axes."""


@dataclass(frozen=True)
class Type:
    """A dtype and ordered, named axes: `float[batch, time, feature=64]`."""

    dtype: DType
    dims: tuple[tuple[str, Size], ...] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis for axis, _ in self.dims)

    @property
    def sizes(self) -> dict[str, Size]:
        return dict(self.dims)

    def only(self, *axes: str) -> Type:
        """The type with just these axes, in its own order."""
        return Type(self.dtype, tuple(dim for dim in self.dims if dim[0] in axes))

    def without(self, *axes: str) -> Type:
        return Type(self.dtype, tuple(dim for dim in self.dims if dim[0] not in axes))

    def renamed(self, names: dict[str, str]) -> Type:
        return Type(self.dtype, tuple((names.get(axis, axis), size) for axis, size in self.dims))

    def __str__(self) -> str:
        if not self.dims:
            return self.dtype
        dims = (axis if size is None else f"{axis}={size}" for axis, size in self.dims)
        return f"{self.dtype}[{', '.join(dims)}]"


def parse(text: str) -> Type:
    """The type that prints as `text`; ValueError if there is none."""
    match = _TYPE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"not a type: {text!r}; one of {get_args(DType)}, then [axis, axis=size, ...]"
        )
    dtype, dims = match.groups()
    axes = [_AXIS.fullmatch(part) for part in dims.split(", ")] if dims else []
    if None in axes:
        raise ValueError(f"not a list of axes: {dims!r}")
    pairs = (axis.groups() for axis in axes if axis)
    return Type(dtype, tuple((name, int(size) if size else None) for name, size in pairs))  # type: ignore[arg-type]
