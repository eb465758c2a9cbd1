"""Kinds: settings that register themselves under the word that names them in a spec.

A kind belongs to a family (`layer`, `score`, `window`, `search`,
`length_penalty`, `optimizer`, `schedule`, `average`).
Layers are written `kind: settings`; the other families `kind` or `{kind: ..., settings}`.
Packages that hold kinds import all their modules, so one new file is all a new kind takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from s2sgraph.spec.checking import Broken, Settings
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import Inputs, Name
from s2sgraph.spec.messages import (
    did_you_mean,
    invalid,
    one_of,
    problem_of,
    problems_of,
    refuse,
    shown,
)
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.references import Reference

BELOW = Reference(("below",))
"""The item before, or what the chain receives."""

_HOMES = {
    "layer": "s2sgraph.layers",
    "score": "s2sgraph.attention",
    "window": "s2sgraph.attention",
    "search": "s2sgraph.search",
    "length_penalty": "s2sgraph.search",
    "metric": "s2sgraph.metrics",
}
"""Where kinds live that this package does not import: by name, so that imports run one way."""

_FAMILIES: dict[str, dict[str, type[Kind]]] = {}


def kinds(family: str) -> dict[str, type[Kind]]:
    """All kinds of a family, by the word that names each, in alphabetical order."""
    if family in _HOMES:
        import_module(_HOMES[family])
    return dict(sorted(_FAMILIES.get(family, {}).items()))


class Kind(Settings):
    """Settings that a word chooses.

    Subclasses say what they are: `class Lstm(Layer, kind="lstm", main="size")`.

    Attributes:
        family: what it is a kind of; inherited.
        word: the word that names it in a spec; empty for a family's own class.
        main: the key that a bare value stands for (`embedding: 64` is `{size: 64}`).
        beside: families chosen by a key of the same name, whose settings stand beside it.
    """

    family: ClassVar[str] = ""
    word: ClassVar[str] = ""
    main: ClassVar[str] = ""
    beside: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls, kind: str = "", family: str = "", main: str = "", **rest: Any
    ) -> None:
        """Register the class under its word.

        Raises:
            TypeError: another class has that word.
        """
        super().__init_subclass__(**rest)
        cls.family, cls.word, cls.main = family or cls.family, kind, main
        if kind:
            members = _FAMILIES.setdefault(cls.family, {})
            other = members.get(kind)
            if other and (other.__module__, other.__qualname__) != (
                cls.__module__,
                cls.__qualname__,
            ):
                raise TypeError(f"two kinds of {cls.family} are called {kind}: {other}, {cls}")
            members[kind] = cls

    @classmethod
    def read(cls, value: Any) -> Any:
        """The settings behind a bare value: nothing, or the main setting."""
        if isinstance(value, Mapping | Settings):
            return value
        if value is None:
            return {}
        if not cls.main:
            raise refuse(f"expected a mapping of settings for {cls.word}, not {shown(value)}")
        return {cls.main: value}


def find(family: str, word: Any, what: str) -> type[Kind]:
    """The kind called `word`, refused in plain words when there is none."""
    known = kinds(family)
    if not isinstance(word, str) or word not in known:
        near = did_you_mean(word, known)
        raise refuse(f"no kind of {what} is called {shown(word)}", near or _all_of(known))
    return known[word]


def _all_of(words: Mapping[str, Any]) -> str:
    """A hint that lists the kinds there are."""
    if len(words) == 1:
        return f"there is only {next(iter(words))}"
    return f"there are {one_of(list(words)).replace(' or ', ' and ')}"


def choose(family: str, value: Any, default: str = "") -> Kind:
    """A kind from `word`, or from `{kind: word, ...}` with its settings.

    Without `kind`, the settings are those of the kind called `default`, if there is one.
    """
    if isinstance(value, Kind) and value.family == family:
        return value
    if isinstance(value, str):
        return find(family, value, family).model_validate({})
    if not isinstance(value, Mapping):
        message = f"expected a kind of {family}, or a mapping with `kind`, not {shown(value)}"
        raise refuse(message, _all_of(kinds(family)))
    settings = dict(value)
    if "kind" not in settings and not default:
        missing = Problem((), f"missing: kind says which {family} it is", _all_of(kinds(family)))
        near = {key: did_you_mean(key, ["kind"]) for key in settings}
        alike = [
            Problem((key,), f"unknown key {shown(key)}", hint, at_key=True)
            for key, hint in near.items()
            if hint
        ]
        raise invalid(family, [missing, *alike])
    try:
        chosen = find(family, settings.pop("kind", default), family)
    except PydanticCustomError as error:
        raise invalid(family, [problem_of(error, "kind")]) from None
    return chosen.model_validate(settings)


@dataclass(frozen=True)
class Chosen:
    """Marks a field whose value is a kind of `family`: `Annotated[Kind, Chosen("window")]`.

    Attributes:
        family: the family.
        default: the kind of settings that do not say which; empty when they must.
    """

    family: str
    default: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Validate by the registry as it is at that time."""
        return core_schema.no_info_plain_validator_function(
            lambda value: choose(self.family, value, self.default)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Name the family; the whole schema is made from the registry."""
        return {"x-ref": self.family}


class Layer(Kind, family="layer"):
    """A layer of a chain.

    Attributes:
        name: what references and weights call it; by default the word of its kind.
        inputs: the values it reads, concatenated; by default the item before it.
        weighted: False for kinds without weights, which need no name to be told apart.
        runs: True for kinds that run along their chain by themselves, with a state of their own.
        symbols: True for kinds that read symbols; all others read features.
    """

    weighted: ClassVar[bool] = True
    runs: ClassVar[bool] = False
    symbols: ClassVar[bool] = False

    name: Name | None = None
    inputs: Inputs = Field(default=(BELOW,), alias="from")

    @property
    def label(self) -> str:
        """The name in references and weights."""
        return self.name or self.word

    @property
    def keeps(self) -> bool:
        """Whether one step of the layer needs something of its own from the step before."""
        return self.runs

    @property
    def reads(self) -> tuple[Reference, ...]:
        """The values of a step that it needs: its inputs first, then those of other settings."""
        return self.inputs

    def references(self) -> Iterator[tuple[KeyPath, Reference]]:
        """Every reference of the settings with its key path, those by default included."""
        return references(self)


def references(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Reference]]:
    """Every reference inside a value, with its key path below `path`."""
    if isinstance(value, Reference):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from references(item, (*path, index))
    elif isinstance(value, Settings):
        for key, name in value.keys().items():
            yield from references(getattr(value, name), (*path, key))


def absorb(
    data: dict[str, Any], family: str, default: str, kept: Collection[str], known: Collection[str]
) -> dict[str, Any]:
    """Make the kind under the key `family` from its word and its settings that stand beside it.

    Args:
        data: the mapping of the settings around; it is changed.
        family: the family of the kind, and the key of its word.
        default: the word when there is none.
        kept: keys of the settings around that do not go to the kind.
        known: all keys of the settings around.
    """
    word = data.get(family, default)
    if not isinstance(word, str) or word not in kinds(family):
        return data
    chosen = find(family, word, family)
    own = {name: data.pop(name) for name in chosen.keys().keys() - kept if name in data}
    problems = list(_others(data, family, word, known))
    try:
        data[family] = chosen.model_validate(own)
    except ValidationError as error:
        problems += problems_of(error)
    if problems:
        data[family] = Broken(tuple(problems), flat=True)
    return data


def _others(
    data: dict[str, Any], family: str, word: str, known: Collection[str]
) -> Iterator[Problem]:
    """Settings that other kinds of the family have, which are taken out of `data`."""
    for other, kind in kinds(family).items():
        for name in sorted(kind.keys().keys() - known):
            if name in data:
                del data[name]
                message = f"{name} is a setting of {family} {other}, not of {word}"
                yield Problem((name,), message, f"remove it, or choose {other}", at_key=True)
