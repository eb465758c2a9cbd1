"""Settings of a search that a run may choose: constants of a file, or inputs of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from s2sgraph.graph.given import UNSET, Given
from s2sgraph.graph.ops import less, select
from s2sgraph.graph.types import DType, Type
from s2sgraph.graph.values import Value
from s2sgraph.spec.settings import Settings

Number = Value | float
"""A setting: an input of the run, or the constant of a file."""


@dataclass(frozen=True)
class AtRun:
    """Marks a setting that may be an input: `Annotated[Size, AtRun("hypotheses of a step")]`.

    Attributes:
        meaning: what it is, in a few words.
        dtype: whole numbers, or any.
        null: what a setting of null is as a number.
    """

    meaning: str
    dtype: DType = "int"
    null: float = 0


@dataclass(frozen=True)
class Setting:
    """A setting that may be an input, with its value in the spec."""

    name: str
    meaning: str
    dtype: DType
    value: float

    @staticmethod
    def of(settings: Settings) -> Iterator[Setting]:
        """Those fields that are marked with `AtRun`."""
        for name, field in type(settings).model_fields.items():
            for mark in field.metadata:
                if isinstance(mark, AtRun):
                    value: Any = getattr(settings, name)
                    number = mark.null if value is None else value
                    kind = float if mark.dtype == "float" else int
                    yield Setting(name, mark.meaning, mark.dtype, kind(number))

    def given(self) -> Given:
        """The setting as an input."""
        meaning = f"{self.meaning}; -1: as in the spec, {self.value}"
        return Given(self.name, Type(self.dtype), meaning, UNSET)

    def among(self, inputs: Mapping[str, Value]) -> Number:
        """What the run says, if it is asked and says anything; else what the spec says."""
        said = inputs.get(self.name)
        return self.value if said is None else select(less(said, 0), self.value, said)


@dataclass(frozen=True)
class Symbols:
    """A list of symbols that may be an input, by their ids; it is empty by default."""

    name: str
    meaning: str
    axes: tuple[str, ...]

    def given(self) -> Given:
        """The list as an input."""
        return Given(self.name, Type("int", tuple((a, None) for a in self.axes)), self.meaning, [])


def is_off(number: Number, off: float) -> bool:
    """Whether a setting is a constant that changes nothing, so that a file does without it."""
    return not isinstance(number, Value) and number == off
