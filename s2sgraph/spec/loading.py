"""Specs from files and text."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from s2sgraph.spec.errors import Problem, SpecError
from s2sgraph.spec.messages import problems_of, shown
from s2sgraph.spec.places import Places
from s2sgraph.spec.reading import LARGEST, read
from s2sgraph.spec.schema import Spec


def load(source: str | PathLike[str] | BinaryIO) -> Spec:
    """Read a spec from a file. Nothing named inside it is opened.

    Args:
        source: the file's path, or a file open for reading bytes.

    Raises:
        SpecError: the file cannot be read, or the spec is not valid; holds every problem.
    """
    if not isinstance(source, str | PathLike):
        return loads(source.read(LARGEST + 1), str(getattr(source, "name", "<file>")))
    path = Path(source)
    try:
        if path.exists() and not path.is_file():
            raise SpecError([Problem((), "not a file")], Places(str(path)))
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([Problem((), f"cannot be read: {reason}")], Places(str(path))) from None
    return loads(text, str(path))


def loads(text: str | bytes, name: str = "<text>") -> Spec:
    """Read a spec from its text.

    Args:
        text: YAML 1.2; bytes are UTF-8.
        name: what messages call the text.

    Raises:
        SpecError: the spec is not valid; holds every problem.
    """
    document = read(text, name)
    return check(document.value, document.places, document.problems)


def check(data: Any, places: Places, problems: tuple[Problem, ...] = ()) -> Spec:
    """A spec from plain values; `problems` are those that reading them found."""
    if not isinstance(data, dict):
        message = f"expected a mapping with source, target, encoder and decoder, not {shown(data)}"
        raise SpecError([*problems, Problem((), message)], places)
    try:
        spec = Spec.model_validate(data)
    except ValidationError as error:
        raise SpecError([*problems, *problems_of(error)], places) from None
    if problems:
        raise SpecError(problems, places)
    spec._places, spec._data = places, data
    return spec
