"""Encoded rows: flat arrays in memory, or mapped from files when there is much of it.

Only lengths and line numbers are held in memory of rows that are mapped. A folder of mapped rows
is written under another name, and gets its own when it is whole: one that was killed halfway is
never taken for a store.
"""

import json
import os
import shutil
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data.lazy import Lazy
from s2sgraph.data.policies import Place

Arrays = dict[str, NDArray[Any]]

IN_MEMORY = 32 * 2**20
"""Bytes of rows that are held in memory; more go into files, if there is a place for them.

So many are read and encoded in a few seconds; more are worth keeping for the next time.
"""
_FORM = 1
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shape:
    """What one name holds: ids int32[time], frames float32[time, feature], or values [feature].

    Attributes:
        features: how many of them; 0 for ids.
        once: whether there are values of a whole row and not of each time.
    """

    features: int = 0
    once: bool = False

    @property
    def dtype(self) -> str:
        """The dtype as it lies in a file, whatever the machine."""
        return "<f4" if self.features else "<i4"

    def flat(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of many rows, [total] or [total, feature]."""
        return values.reshape(-1, self.features) if self.features else values


class Places(Lazy[Place]):
    """Where each row stands: the file of its part, and its line."""

    def __init__(self, files: Sequence[str], counts: Sequence[int], lines: NDArray[Any]) -> None:
        self.files, self.lines = files, lines
        self.ends = np.cumsum(counts)

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, index: int) -> Place:
        """The place of a row."""
        part = int(np.searchsorted(self.ends, index, side="right"))
        return Place(self.files[part], int(self.lines[index]))


class Rows(Lazy[Arrays]):
    """Rows by their number; each a mapping from names to views of the flat arrays.

    Attributes:
        lengths: int32[row, name], of every name in the order of `shapes`.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], values: Mapping[str, NDArray[Any]], lengths: NDArray[Any]
    ) -> None:
        self.shapes, self.lengths = dict(shapes), lengths
        self._columns = []
        for column, (name, shape) in enumerate(self.shapes.items()):
            starts = np.zeros(len(lengths) + 1, np.int64)
            np.cumsum(lengths[:, column], out=starts[1:])
            self._columns.append((name, shape, values[name], starts))

    def __len__(self) -> int:
        return len(self.lengths)

    def make(self, index: int) -> Arrays:
        """The arrays of a row."""
        found = {}
        for name, shape, values, starts in self._columns:
            piece = values[starts[index] : starts[index + 1]]
            found[name] = piece[0] if shape.once else piece
        return found


@dataclass(frozen=True)
class Store:
    """Encoded rows, the line of each, and whatever their maker noted beside them (plain JSON)."""

    rows: Rows
    lines: NDArray[np.int64]
    notes: Any
    folder: Path | None = None


class Builder:
    """Takes rows one by one, and makes a store of them: in memory, or in a folder if there is one.

    Few rows stay in memory, unless they are `always` to be found in the folder again.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        folder: Path | None,
        key: str,
        *,
        always: bool = False,
    ) -> None:
        self.shapes, self.folder, self.key, self.always = dict(shapes), folder, key, always
        self.held = {name: bytearray() for name in shapes}
        self.size = 0
        self.lengths, self.lines = array("i"), array("q")
        self.draft: Path | None = None
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> "Builder":
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()
        if self.draft is not None:
            shutil.rmtree(self.draft, ignore_errors=True)

    def add(self, row: Mapping[str, NDArray[Any]], line: int) -> None:
        """One more row. Raises OSError if a file cannot be written."""
        for name, shape in self.shapes.items():
            value = np.asarray(row[name], shape.dtype)
            self.held[name] += value.tobytes()
            self.size += value.nbytes
            self.lengths.append(1 if shape.once else len(value))
        self.lines.append(line)
        if self.folder is not None and self.size > IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        """Write out what is held."""
        assert self.folder is not None
        if self.draft is None:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for left in self.folder.parent.glob(f".{self.folder.name}.*"):
                shutil.rmtree(left, ignore_errors=True)  # of a run that was killed
            self.draft = self.folder.with_name(f".{self.folder.name}.{os.getpid()}")
            self.draft.mkdir()
            self._files = {n: (self.draft / f"{n}.bin").open("wb") for n in self.shapes}
        for name, held in self.held.items():
            self._files[name].write(held)
            held.clear()
        self.size = 0

    def finish(self, notes: Any) -> Store:
        """The store, in memory or whole on disk. Raises OSError if it cannot be written."""
        lengths = np.array(self.lengths, "<i4").reshape(len(self.lines), len(self.shapes))
        lines = np.array(self.lines, "<i8")
        if self.draft is None and not self.always:
            values = {
                name: shape.flat(np.frombuffer(bytes(self.held[name]), shape.dtype))
                for name, shape in self.shapes.items()
            }
            return Store(Rows(self.shapes, values, lengths), lines, notes)
        self._spill()
        assert self.folder is not None
        assert self.draft is not None
        for name, content in (("lengths", lengths), ("lines", lines)):
            with (self.draft / f".{name}").open("wb") as file:
                file.write(content.data)
                _synced(file)
        for column in self._files.values():
            _synced(column)
            column.close()
        manifest = {
            "form": _FORM,
            "key": self.key,
            "rows": len(lines),
            "sizes": {path.name: path.stat().st_size for path in sorted(self.draft.iterdir())},
            "notes": notes,
        }
        with (self.draft / _MANIFEST).open("wb") as file:
            file.write(json.dumps(manifest, indent=1).encode())
            _synced(file)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.draft.rename(self.folder)
        self.draft = None
        found = opened(self.folder, self.shapes, self.key)
        if found is None:
            raise OSError(f"{self.folder} changed while it was written")
        return found


def opened(folder: Path, shapes: Mapping[str, Shape], key: str) -> Store | None:
    """The store in a folder; None where there is none that is whole and has this key."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        if (manifest["form"], manifest["key"]) != (_FORM, key):
            return None
        if any((folder / n).stat().st_size != size for n, size in manifest["sizes"].items()):
            return None
        rows = manifest["rows"]
        lengths = np.fromfile(folder / ".lengths", "<i4").reshape(rows, len(shapes))
        lines = np.fromfile(folder / ".lines", "<i8")
        values = {
            name: shape.flat(_mapped(folder / f"{name}.bin", shape))
            for name, shape in shapes.items()
        }
        return Store(Rows(shapes, values, lengths), lines, manifest["notes"], folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mapped(path: Path, shape: Shape) -> NDArray[Any]:
    if not path.stat().st_size:
        return np.zeros(0, shape.dtype)  # an empty file cannot be mapped
    # A plain array over the map: slices of memmap objects are slow.
    return np.asarray(np.memmap(path, shape.dtype, "r"))


def _synced(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
