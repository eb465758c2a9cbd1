"""Specs from files and text."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import BinaryIO

from s2sgraph.spec.errors import Problem, SpecError
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
    return Spec.check(document.value, document.places, document.problems)
