"""Many numbers as one constant of a graph."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt


class Numbers:
    """Whole numbers from 0 on as the `value` of a constant: equal if they are the same numbers.

    They are kept in as few bytes each as hold all of them, and are written so to a file.

    Attributes:
        array: the numbers.
    """

    def __init__(self, array: npt.ArrayLike) -> None:
        found = np.asarray(array)
        if found.min(initial=0) < 0:
            raise ValueError(f"numbers from 0 on, not {found.min()}")
        self.array: npt.NDArray[Any] = found.astype(np.min_scalar_type(found.max(initial=0)))
        self.array.flags.writeable = False

    @property
    def shape(self) -> tuple[int, ...]:
        """How many there are along each axis."""
        return self.array.shape

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the numbers."""
        return sha256(self.array.tobytes()).hexdigest()

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.array(self.array, dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Numbers({self.array.dtype}{list(self.shape)} {self.digest})"
