"""What a run was begun with, so that it goes on only with the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2sgraph.spec import Spec
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.training import Cosine, Linear

Flat = dict[str, Any]

MAY_CHANGE = (
    *("train.patience", "train.save_every", "train.keep", "train.loggers"),
    *("train.evaluate.shown", "train.evaluate.pictures"),
)
"""Settings that do not change what the updates so far would have been."""
LENGTH = ("train.steps", "train.epochs")
"""Settings that do not, either, where the rate does not depend on the end."""
FILES = ("train", "dev", "test")


@dataclass(frozen=True)
class Origin:
    """A spec as it was given, and hashes of what it reads.

    Attributes:
        settings: the settings of the spec by key path; a file stands as the hash of its content.
        data: a hash of the content of each set of files, wherever they lie.
        start: a hash of the weights that training began with; None for drawn ones.
        added: whether symbols were added to the vocabularies of those weights.
        teachers: a hash of each teacher.
        own: the key paths of settings that do not have their default; not kept in a manifest.
    """

    settings: Flat
    data: dict[str, str]
    start: str | None = None
    added: bool = False
    teachers: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        spec: Spec,
        data: Mapping[str, str],
        start: Path | None = None,
        *,
        added: bool = False,
        teachers: Sequence[str] = (),
    ) -> Origin:
        """The origin of a run; OSError if a file cannot be read."""
        beside = Path(spec.places.name).parent
        settings = {
            key: f"sha256 {digest(beside / value)}" if key.endswith(".file") else value
            for key, value in _settings(spec, full=True)
        }
        own = tuple(key for key, _ in _settings(spec, full=False))
        begun = digest(start) if start else None
        return cls(settings, dict(data), begun, added, tuple(teachers), own)

    def to_json(self) -> dict[str, Any]:
        """For the manifest."""
        form = {"settings": self.settings, "data": self.data, "start": self.start}
        return form | {"added": self.added, "teachers": [*self.teachers]}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Origin:
        """From a manifest; KeyError if it lacks something."""
        teachers = tuple(form.get("teachers", ()))
        added = form.get("added", False)
        return cls(form["settings"], form["data"], form["start"], added, teachers)

    def differences(self, now: Origin) -> list[str]:
        """What keeps a run of this origin from going on with another one, in words."""
        free = {*MAY_CHANGE, *(LENGTH if _free_of_the_end(now.settings) else ())}
        found = [
            f"{key} was {_shown(self.settings.get(key))} and is {_shown(now.settings.get(key))}"
            for key in dict.fromkeys([*self.settings, *filter(now._chosen, now.settings)])
            if self.settings.get(key) != now.settings.get(key) and key not in free
        ]
        found += [
            f"data.{name}: the files have other content, or other weights, than they had"
            for name in FILES[:2]
            if self.data.get(name) != now.data.get(name)
        ]
        if now.start is not None and now.start != self.start:
            found.append("the weights to begin with are others")
        elif now.start is not None and now.added != self.added:
            was, now_is = ("were", "are not") if self.added else ("were not", "are")
            found.append(f"symbols {was} added to the vocabularies, and now {now_is}")
        if now.teachers and now.teachers != self.teachers:
            found.append("the teachers are others")
        return found

    def _chosen(self, key: str) -> bool:
        """Whether somebody chose a setting; others may be of a later version, with a default."""
        return any(key == own or key.startswith(f"{own}.") for own in self.own)

    def changes(self, now: Origin) -> Flat:
        """The settings that are others now, though the run may go on."""
        return {
            key: now.settings.get(key)
            for key in (*MAY_CHANGE, *LENGTH)
            if self.settings.get(key) != now.settings.get(key)
        }


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)


def _free_of_the_end(settings: Flat) -> bool:
    return settings.get("train.schedule.kind") not in (Cosine.word, Linear.word)


def _settings(spec: Spec, *, full: bool) -> Iterator[tuple[str, Any]]:
    """The settings of a spec by key path, without the names of data files."""
    form = plain(spec, full=full)
    form["data"] = {k: v for k, v in form.get("data", {}).items() if k not in FILES}
    yield from _flat(form)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The single values of nested mappings and lists, by key path; lists of words are whole."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            yield from _flat(item, f"{path}[{number}]")
    else:
        yield path, list(value) if isinstance(value, tuple) else value


def digest(path: Path) -> str:
    """A hash of the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
