"""Exporting: a file that was verified, or no file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def compact(value: Mapping[str, Any]) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
