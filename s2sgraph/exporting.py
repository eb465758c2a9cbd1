"""Exporting: a file that was verified, or no file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any


class ExportError(Exception):
    """A file could not be written or verified; nothing is left of it."""


def exporter(name: str) -> ModuleType:
    """The export target of that name, from the entry points `s2sgraph.exporters`."""
    found = {point.name: point for point in entry_points(group="s2sgraph.exporters")}
    if name not in found:
        raise ExportError(
            f"no export target is called {name}; there are {', '.join(sorted(found))}"
        )
    module = found[name].load()
    assert isinstance(module, ModuleType)
    return module


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its name if all goes well, and else is gone."""
    if path.is_dir():
        raise ExportError(f"{path} is a folder; name a file")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise ExportError(f"cannot write in {path.parent}: {error.strerror}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _finish(temporary, path)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_all(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """A temporary folder in `folder` whose files take their places if all goes well.

    They do so in the order of `names`. The folder is made if it is missing; other files in it
    stay.
    """
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder")
    try:
        made = not folder.exists()
        folder.mkdir(exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".export.", dir=folder))
    except OSError as error:
        raise ExportError(f"cannot write in {folder}: {error.strerror}") from None
    try:
        yield temporary
        for name in names:
            _finish(temporary / name, folder / name)
        made = False
    except OSError as error:
        raise ExportError(f"cannot write in {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if made:
            with suppress(OSError):  # not empty: some files have their places already
                folder.rmdir()


def _finish(temporary: Path, path: Path) -> None:
    """Put a written file in its place, safe from a loss of power."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    temporary.replace(path)


def compact(value: Mapping[str, Any]) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
