"""What a client program fills in: a row for the file's own inputs, and the outputs to ask for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod

from s2sgraph.runtime import Contract, Input
from s2sgraph.text import Vocabulary, sent

_PLACES = 3


@dataclass(frozen=True)
class Tensor:
    """One input with example values; None for values means zeros."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: tuple[float | int | bool | str, ...] | None

    @property
    def size(self) -> int:
        """The number of values."""
        return prod(self.shape)

    @property
    def variable(self) -> str:
        """The name as an identifier."""
        return re.sub(r"\W", "_", self.name)

    def listed(self) -> str:
        """The values with commas; nothing for zeros."""
        return ", ".join(json.dumps(value) for value in self.values or ())

    def shaped(self) -> str:
        """The shape with commas."""
        return ", ".join(map(str, self.shape))


def example(contract: Contract) -> list[Tensor]:
    """One row for the file's inputs, with the default of every setting."""
    measured = {f"{source.name}_length" for source in contract.sources}
    return [
        _line(contract, wanted)
        if wanted.dtype == "string"
        else _tensor(wanted, wanted.name in measured)
        for wanted in contract.inputs
    ]


def _line(contract: Contract, wanted: Input) -> Tensor:
    """A line of some symbols, as the file takes it."""
    table = contract.table(wanted)
    line = ""
    if isinstance(table, Vocabulary):
        line = sent(table, table.units.join([*table.ordinary][:_PLACES]), wanted.separator)
    return Tensor(wanted.name, wanted.dtype, (1,), (line,))


def _tensor(wanted: Input, is_length: bool) -> Tensor:
    sizes = {"batch": 1}
    if wanted.axes == ("batch",):
        # Lengths are said although they could be left to the default: not every language's
        # runtime makes empty tensors.
        return Tensor(wanted.name, wanted.dtype, (1,), (_PLACES,))
    if wanted.is_setting and not wanted.required:
        default = wanted.default if isinstance(wanted.default, list) else [wanted.default]
        shape: tuple[int, ...] = (len(default),) if wanted.axes else ()
        return Tensor(wanted.name, wanted.dtype, shape, tuple(default))
    if wanted.default == []:
        return Tensor(wanted.name, wanted.dtype, (1, *[0] * (len(wanted.axes) - 1)), ())
    shape = tuple(a if isinstance(a, int) else sizes.get(a, _PLACES) for a in wanted.axes)
    if wanted.dtype != "int64":
        return Tensor(wanted.name, wanted.dtype, shape, None)
    last = (wanted.below or 100) - 1
    tensor = Tensor(wanted.name, wanted.dtype, shape, None)
    ids = tuple(min(4 + place, last) for place in range(tensor.size))
    return Tensor(wanted.name, wanted.dtype, shape, ids)


def results(contract: Contract) -> list[str]:
    """The outputs that a program asks for, the tokens, frames or text first."""
    known = [output.name for output in contract.outputs]
    if "text" in known:
        return [name for name in ("text", "scores") if name in known]
    return [name for name in ("tokens", "frames", "lengths", "scores") if name in known]
