"""Other values for a spec, by key path, as `--set a.b=3` gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from s2sgraph.spec.errors import Problem, SpecError
from s2sgraph.spec.items import BLOCK
from s2sgraph.spec.kinds import kinds
from s2sgraph.spec.places import KeyPath, Places


class _NoSuchPathError(Exception):
    """The path of an override leads nowhere."""


def override(
    data: Mapping[str, Any], places: Places, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], Places]:
    """The plain values of a spec with others in their place, and places that say so.

    Args:
        data: the spec as plain values; it stays as it is.
        places: where its keys stand.
        changes: plain values by key path; None is the setting's null.

    Raises:
        SpecError: a path leads nowhere.
    """
    changed = deepcopy(dict(data))
    marks: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    for text, value in changes.items():
        label = f"set {text}"
        try:
            marks[_assign(changed, text, value)] = label
        except _NoSuchPathError as error:
            problems.append(Problem((), f"{label}: {error}"))
    if problems:
        raise SpecError(problems, replace(places, values={}))
    return changed, replace(places, overrides={**places.overrides, **marks})


def _assign(data: Any, text: str, value: Any) -> KeyPath:
    """Put `value` at the path in `data`, and say which path that is."""
    parts = [part for part in re.split(r"[.\[\]]+", text) if part]
    if not parts:
        raise _NoSuchPathError("expected a key path such as train.steps")
    path: list[str | int] = []
    here = data
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if isinstance(here, list):
            index = _index(here, part)
            path.append(index)
            if last:
                here[index] = value
                break
            if _skips_the_kind(here[index], parts[position + 1]):
                here[index] = _opened(here[index])
                word = next(iter(here[index]))
                path.append(word)
                here = here[index][word]
            else:
                here[index] = _opened(here[index])
                here = here[index]
        elif isinstance(here, dict):
            path.append(part)
            if last:
                here[part] = value
                break
            here[part] = _settings(part, here.get(part))
            here = here[part]
        else:
            raise _NoSuchPathError(f"{'.'.join(parts[:position])} has no parts")
    return tuple(path)


def _settings(word: str, value: Any) -> Any:
    """A value that can be entered: a bare value becomes the mapping it stands for."""
    if isinstance(value, dict | list):
        return value
    if value is None:
        return {}
    chosen = kinds("layer").get(word)
    if chosen is not None and chosen.main:
        return {chosen.main: value}
    if word in {"average", "optimizer", "schedule", "search", "length_penalty", "window"}:
        return {"kind": value}
    return value


def _opened(entry: Any) -> Any:
    """A list item as a mapping whose settings can be entered."""
    if isinstance(entry, str):
        return {entry: {}}
    if isinstance(entry, dict) and len(entry) == 1:
        return {word: _settings(word, value) for word, value in entry.items()}
    return entry


def _skips_the_kind(entry: Any, part: str) -> bool:
    """Whether the path goes on with a setting, so that the kind between may be left out."""
    if isinstance(entry, str):
        return part != entry
    return (
        isinstance(entry, dict) and len(entry) == 1 and part not in entry and "layers" not in entry
    )


def _index(items: list[Any], part: str) -> int:
    if part.isascii() and part.isdigit() and len(part) < 7:
        if int(part) < len(items):
            return int(part)
        raise _NoSuchPathError(f"there are {len(items)} entries, counted from 0")
    names = [_label(entry) for entry in items]
    if part in names:
        return names.index(part)
    raise _NoSuchPathError(f"no layer is called {part}; there are {', '.join(filter(None, names))}")


def _label(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict) or not entry:
        return ""
    if "layers" in entry:
        return str(entry.get("name") or BLOCK)
    [(word, settings), *_] = entry.items()
    return str(settings.get("name") or word) if isinstance(settings, dict) else str(word)
