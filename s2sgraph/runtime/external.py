"""The file of weights beside a graph that has none in itself: it must be the right one."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from s2sgraph.runtime.errors import ModelError

EXTERNAL = "external"
_ENTRY = re.compile(rb"s2sgraph\.external\x12[\x00-\xff]{1,2}?(\{[^{}]{1,400}\})")


@dataclass(frozen=True)
class WeightsFile:
    """What a graph says of the file of its weights: `name` in its own folder, bytes, hash."""

    name: str
    size: int
    sha256: str

    @classmethod
    def read(cls, form: Mapping[str, Any]) -> "WeightsFile":
        """From the metadata. Raises ModelError for what names no file beside the graph."""
        try:
            found = cls(str(form["name"]), int(form["size"]), str(form["sha256"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"damaged metadata: external: {error}") from None
        if found.name in ("", "..") or Path(found.name).name != found.name or "\\" in found.name:
            raise ModelError(f"damaged metadata: {found.name[:80]!r} is no file beside the graph")
        return found

    def check(self, folder: Path) -> None:
        """Raise ModelError unless the file is in this folder and is the one that was written."""
        path = folder / self.name
        if not path.is_file():
            raise ModelError(f"its weights are in {self.name}, which is not beside it")
        try:
            size, found = path.stat().st_size, None
            if size == self.size:
                with path.open("rb") as file:
                    found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"{self.name} cannot be read: {error.strerror}") from None
        if found != self.sha256:
            how = f"{size} bytes instead of {self.size}" if found is None else "another content"
            raise ModelError(
                f"{self.name} has {how}: it is damaged, or of another export; put the files of "
                "one export together"
            )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """If a graph cannot be loaded for want of its weights, raise a ModelError that says so.

    The runtime's own words for it differ from version to version, and name an inner weight.
    """
    try:
        yield
    except Exception:
        entry = _ENTRY.search(path.read_bytes())
        if entry is not None:
            try:
                form = json.loads(entry[1])
            except ValueError:
                form = {}
            try:
                WeightsFile.read(form).check(path.parent)
            except ModelError as error:
                raise ModelError(f"{path}: {error}") from None
        raise
