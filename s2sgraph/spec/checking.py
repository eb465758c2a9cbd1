"""Settings: the checked, frozen mappings that a spec is made of.

Every mistake in a mapping is found in one pass: unknown and missing keys, each bad value, and
whatever the rules say about values that are good by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from s2sgraph.spec.errors import Problem
from s2sgraph.spec.messages import (
    Partial,
    did_you_mean,
    invalid,
    one_of,
    partial_of,
    problems_of,
    shown,
)

MANY = 8
"""Unknown keys of one mapping that are named one by one."""

Check = Callable[[Any], Iterable[Problem]]
_Method = TypeVar("_Method", bound=Check)


def rule(*fields: str) -> Callable[[_Method], _Method]:
    """Mark a method that yields problems, run when all of `fields` are good by themselves.

    Paths of the problems begin at the mapping of the settings, with the keys of the spec.
    """

    def mark(method: _Method) -> _Method:
        method.__rule__ = frozenset(fields)  # type: ignore[attr-defined]
        return method

    return mark


@dataclass(frozen=True)
class Broken:
    """Stands for a value that is not good; `flat` problems begin at the mapping itself."""

    problems: tuple[Problem, ...]
    flat: bool = False
    partial: Partial | None = None


class Settings(BaseModel):
    """A mapping of settings: strict, frozen, without unknown keys."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    rules: ClassVar[Mapping[str, frozenset[str]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Gather the rules of the class and its parents, in the order they are written."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.rules = {
            name: member.__rule__
            for parent in reversed(cls.__mro__)
            for name, member in vars(parent).items()
            if hasattr(member, "__rule__")
        }

    @classmethod
    def keys(cls) -> dict[str, str]:
        """The keys of the spec, and the attribute that each fills."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Rearrange the mapping before it is checked; the data is a copy."""
        return data

    @classmethod
    def flatten(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Undo `prepare`, for a spec that is written out."""
        return data

    @field_validator("*", mode="wrap")
    @classmethod
    def _value(cls, value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, Broken):
            return value
        try:
            return handler(value)
        except ValidationError as error:
            return Broken(tuple(problems_of(error)), partial=partial_of(error))

    @model_validator(mode="wrap")
    @classmethod
    def _collect(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise invalid(
                cls.__name__, [Problem((), f"expected a mapping of settings, not {shown(data)}")]
            )
        data = cls.prepare(dict(data))
        keys = cls.keys()
        known = {*keys, *cls.model_fields}
        problems = list(_unknown([key for key in data if key not in known], keys))
        data = {key: value for key, value in data.items() if key in known}
        for key, name in keys.items():
            if cls.model_fields[name].is_required() and key not in data and name not in data:
                data[key] = Broken((Problem((), f"missing: {key} is needed here"),), flat=True)
        settings = handler(data)
        problems += settings._faults()
        if problems:
            raise invalid(cls.__name__, problems)
        return settings

    def _faults(self) -> Iterator[Problem]:
        names = {name: key for key, name in self.keys().items()}
        broken = {n: value for n, value in self.__dict__.items() if isinstance(value, Broken)}
        for name, value in broken.items():
            for problem in value.problems:
                yield problem if value.flat else problem.under(names[name])
            if value.partial:
                self.__dict__[name] = value.partial.value
        broken = {name: value for name, value in broken.items() if not value.partial}
        for method, fields in self.rules.items():
            if fields.isdisjoint(broken):
                yield from getattr(self, method)()


def _unknown(found: list[Any], known: Iterable[str]) -> Iterator[Problem]:
    known = list(known)
    for key in found[:MANY]:
        hint = (
            did_you_mean(key, known)
            or f"the keys here are {one_of(known).replace(' or ', ' and ')}"
        )
        yield Problem((str(key),), f"unknown key {shown(key)}", hint, at_key=True)
    if len(found) > MANY:
        message = f"{len(found) - MANY} more unknown keys"
        yield Problem((str(found[MANY]),), message, at_key=True)
