"""YAML text to plain values and their places, safe against hostile text.

A spec is one YAML 1.2 document of mappings, lists and scalars. Anchors, aliases, tags and
directives are not part of the language, so nothing can expand, refer to itself or name a type.
The parser's events are read one by one, without recursion, and reading stops at the first limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from s2sgraph.spec.errors import Problem, SpecError
from s2sgraph.spec.places import KeyPath, Place, Places
from s2sgraph.spec.scalars import Scalar, resolve

LARGEST = 256 * 1024
"""Most bytes of a spec."""
DEEPEST = 40
"""Most mappings and lists inside one another."""
MOST = 20_000
"""Most keys and values of a spec; a larger vocabulary belongs in a file."""

_FOREIGN = "is not part of the spec language"


class _Yaml(YAML):
    """The pure parser, without a search for plug-ins in the file system."""

    def __init__(self) -> None:
        super().__init__(typ="safe", pure=True)

    def official_plug_ins(self) -> list[str]:
        return []


@dataclass(frozen=True)
class Document:
    """What a text holds: plain values, their places, and what is wrong but can be read past."""

    value: Any
    places: Places
    problems: tuple[Problem, ...]


def read(text: str | bytes, name: str) -> Document:
    """Read the text of a spec.

    Args:
        text: YAML 1.2; bytes are UTF-8.
        name: what the text is called in messages.

    Raises:
        SpecError: the text is not YAML, goes over a limit, or holds an anchor, alias or tag.
    """
    text = _decode(text, name)
    return _Reader(text, name).document()


def _decode(text: str | bytes, name: str) -> str:
    if len(text) > LARGEST:
        message = f"larger than {LARGEST // 1024} KiB, which is the most for a spec"
        raise SpecError(
            [Problem((), message, "put long lists of symbols into a file")], Places(name)
        )
    if isinstance(text, str):
        whole = text
    else:
        try:
            whole = text.decode("utf-8")
        except UnicodeDecodeError as error:
            good = text[: error.start].decode("utf-8")
            place = (good.count("\n") + 1, len(good) - good.rfind("\n"))
            problem = Problem((), "not UTF-8 text", "save the file as UTF-8", place=place)
            raise SpecError([problem], Places(name)) from None
    return whole.removeprefix("\ufeff").replace("\r\n", "\n")


@dataclass
class _Level:
    """A mapping or list that is being read."""

    path: KeyPath
    value: dict[str, Any] | list[Any]
    key: str | None = None
    seen: int = 0
    skip: bool = False


@dataclass
class _Reader:
    text: str
    name: str
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    foreign: list[Problem] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    result: Any = None

    def document(self) -> Document:
        documents = 0
        for count, event in enumerate(self._events()):
            if count > MOST:
                self._stop(event, f"more than {MOST} keys and values", "put long lists into a file")
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document: a spec is one", "remove the line `---`")
                if event.version or event.tags:
                    self._foreign(
                        event, f"a directive {_FOREIGN}", "remove the line that begins with %"
                    )
            elif isinstance(event, NodeEvent):
                self._node(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.levels.pop()
        if self.foreign:
            raise SpecError(self.foreign, self._places())
        return Document(self.result, self._places(), tuple(self.problems))

    def _events(self) -> Iterator[Event]:
        try:
            yield from _Yaml().parse(self.text)
        except SpecError:
            raise
        except MarkedYAMLError as error:
            raise self._unreadable(error) from None
        except ReaderError as error:
            before = self.text[: error.position]
            place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
            message = f"the character U+{ord(self.text[error.position]):04X} is not allowed in YAML"
            raise SpecError([Problem((), message, place=place)], self._places()) from None
        except (RecursionError, MemoryError):
            raise
        except Exception as error:  # the parser's own slips, such as an escape beyond Unicode
            message = f"not readable as YAML ({type(error).__name__})"
            raise SpecError([Problem((), message)], self._places()) from None

    def _unreadable(self, error: MarkedYAMLError) -> SpecError:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        place = (mark.line + 1, mark.column + 1) if mark else None
        hint = "indent with spaces, not tabs" if "'\\t'" in what else ""
        return SpecError(
            [Problem((), f"not readable as YAML: {what}", hint, place=place)], self._places()
        )

    def _places(self) -> Places:
        return Places(self.name, self.text, self.keys, self.values)

    def _stop(self, event: Event, message: str, hint: str = "") -> None:
        self._foreign(event, message, hint)
        raise SpecError(self.foreign, self._places())

    def _foreign(self, event: Event, message: str, hint: str = "") -> None:
        self.foreign.append(Problem(self._path(), message, hint, place=_place(event)))

    def _path(self) -> KeyPath:
        """Path of the value that comes next."""
        if not self.levels:
            return ()
        level = self.levels[-1]
        if isinstance(level.value, list):
            return (*level.path, len(level.value))
        return level.path if level.key is None else (*level.path, level.key)

    def _node(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            self._foreign(event, f"an alias (*{event.anchor}) {_FOREIGN}", "write the value out")
        elif event.anchor:
            self._foreign(event, f"an anchor (&{event.anchor}) {_FOREIGN}", "remove it")
        tag = getattr(event, "tag", None)
        if tag and not isinstance(event, AliasEvent):
            self._foreign(event, f"a tag ({str(tag)[:40]}) {_FOREIGN}", "remove it")
        level = self.levels[-1] if self.levels else None
        if level and isinstance(level.value, dict) and level.key is None:
            self._key(level, event)
        else:
            self._value(level, event)

    def _key(self, level: _Level, event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent):
            self._stop(event, "a key must be text, not a list or mapping", "quote it if it is text")
            return
        key, place = str(event.value), _place(event)
        level.key = key
        level.skip = key in level.value
        scalar = self._scalar(event)
        if level.skip:
            first = self.keys[*level.path, key][0]
            message = f"the key is written twice; the first is in line {first}"
            self.problems.append(
                Problem((*level.path, key), message, "keep one of them", place=place)
            )
        elif not isinstance(scalar, str) and event.style is None:
            level.skip = True
            message = f"a key must be text; {key or 'nothing'!s} is not"
            self.problems.append(
                Problem(level.path, message, "quote it if it is meant", place=place)
            )
        else:
            self.keys[*level.path, key] = place

    def _value(self, level: _Level | None, event: NodeEvent) -> None:
        path = self._path()
        skip = bool(level and level.skip)
        if not skip:
            self._found(path, event)
        value: Any = None
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            value = {}
        elif isinstance(event, SequenceStartEvent):
            value = []
        if level is None:
            self.result = value
        elif isinstance(level.value, list):
            level.value.append(value)
        else:
            if not skip and level.key is not None:
                level.value[level.key] = value
            level.key, level.skip = None, False
        if isinstance(value, dict | list):
            self._enter(path, value, event)

    def _found(self, path: KeyPath, event: NodeEvent) -> None:
        """Note where a value is; one that is not written is where its key is."""
        written = not isinstance(event, ScalarEvent) or event.style is not None or event.value
        if written:
            self.values[path] = _place(event)
        elif path in self.keys:
            self.values[path] = self.keys[path]

    def _enter(self, path: KeyPath, value: dict[str, Any] | list[Any], event: NodeEvent) -> None:
        if len(self.levels) >= DEEPEST:
            message = f"more than {DEEPEST} mappings and lists inside one another"
            raise SpecError([Problem((), message, place=_place(event))], self._places())
        self.levels.append(_Level(path, value))

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text = str(event.value)
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            self._foreign(event, "half of a surrogate pair is not a character")
            return None
        if event.style is not None:
            return text
        try:
            return resolve(text)
        except ValueError as error:
            self._foreign(event, str(error))
            return None


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)
