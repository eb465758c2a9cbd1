"""What a row of data holds: a text, ids or feature vectors for each name of a model's inputs.

A row is a mapping from names (`source`, `target`, or the names of several sources) to a text, to
ids int64[time], or to frames float32[time, feature]. What each name is, is told by a `Field`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data.errors import Fault

Value = str | NDArray[np.int64] | NDArray[np.float32]
Row = dict[str, Value]


@dataclass(frozen=True)
class Field:
    """What one name holds: text, ids, or `features` numbers, for each time or once for a row."""

    kind: str = "text"
    features: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("text", "ids", "frames", "values"):
            raise ValueError(f"a field is text, ids, frames or values, not {self.kind!r}")
        if (self.kind in ("frames", "values")) != (self.features > 0):
            raise ValueError("frames and values, and only they, have a number of features from 1")

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        numbers = f"{self.features} numbers"
        forms = {"frames": f"frames of {numbers}", "values": f"a list of {numbers}"}
        return {"text": "a text", "ids": "a list of ids", **forms}[self.kind]

    def value(self, found: Any) -> Value:
        """What was found as the value of a row. Raises ValueError saying what is wrong."""
        if self.kind != "text":
            return self.array(found)
        if not isinstance(found, str):
            raise ValueError(f"{type(found).__name__}")
        if "\n" in found:
            raise ValueError("a line end inside a text")
        return found

    def array(self, found: Any) -> NDArray[Any]:
        """A list or an array as int64[time] or float32[time, feature]. Raises ValueError."""
        if isinstance(found, np.ndarray):
            array = found
        elif isinstance(found, list):
            array = np.array(found) if found else np.zeros(0, np.int64)
        else:
            raise ValueError("no list")
        if self.kind == "ids":
            return _ids(array)
        if array.dtype.kind not in "fiu":
            raise ValueError("not all are numbers")
        return _values(array, self) if self.kind == "values" else _frames(array, self)


def _ids(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError("no list of whole numbers")
    if array.size and int(array.min()) < 0:
        raise ValueError(f"id {int(array.min())} at place {int(array.argmin())}")
    return array.astype(np.int64)


def _frames(array: NDArray[Any], field: Field) -> NDArray[np.float32]:
    if array.size == 0:
        array = array.reshape(0, field.features)
    elif array.ndim == 1 and field.features == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != field.features:
        raise ValueError(f"shape {list(array.shape)}")
    with np.errstate(over="ignore"):
        frames = array.astype(np.float32)
    finite = np.isfinite(frames)
    if not finite.all():
        time, feature = np.argwhere(~finite)[0]
        raise ValueError(f"no finite number at time {time}, feature {feature}")
    return frames


def _values(array: NDArray[Any], field: Field) -> NDArray[np.float32]:
    """The numbers of a whole row as float32[feature]."""
    if array.shape != (field.features,):
        raise ValueError(f"shape {list(array.shape)}")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"no finite number at feature {int(np.isfinite(values).argmin())}")
    return values


def empty_sides(row: Mapping[str, Value], number: int, expected: str = "") -> tuple[Fault, ...]:
    """A fault for each side of a row that is empty, or a text of nothing but white space."""
    return tuple(
        Fault(number, f"empty {name}", expected)
        for name, value in row.items()
        if (not value.strip() if isinstance(value, str) else not len(value))
    )
