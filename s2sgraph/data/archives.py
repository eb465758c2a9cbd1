"""Numpy files of ids and feature vectors: .npz archives of whole rows, .npy arrays of one name."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.fields import Field, Row, Value, empty_sides
from s2sgraph.data.policies import Place, Policy, Record, Report, sifted

_BROKEN = (OSError, ValueError, EOFError, KeyError, zlib.error, zipfile.BadZipFile)


def archive_records(path: str | Path, fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
    """The rows of a .npz archive, which has no text.

    For every name an array `NAME`: int[row, time] for ids, float[row, time, feature] for frames,
    float[row, feature] for values of a whole row; and optionally `NAME_length`, int[row]: the rest
    of a row is padding and is not read. Raises DataError if it is no such archive.
    """
    arrays = _loaded(Path(path))
    faults = []
    for name, field in fields.items():
        if name not in arrays:
            found = ", ".join(arrays) or "nothing"
            faults.append(Fault(0, f"no array {name!r}, only {found}", field.expected))
            continue
        faults += _misfits(name, arrays[name], arrays.get(f"{name}_length"), field)
    if faults:
        raise DataError(path, faults)
    sizes = {name: len(arrays[name]) for name in fields}
    if len(set(sizes.values())) > 1:
        raise DataError(path, [Fault(0, f"unequal numbers of rows ({sizes})", "equal numbers")])
    for index in range(min(sizes.values())):
        row: Row = {}
        odd: list[Fault] = []
        for name, field in fields.items():
            try:
                length = _length(name, arrays[name], arrays.get(f"{name}_length"), field, index)
                row[name] = field.array(arrays[name][index, :length])
            except _FaultError as error:
                odd.append(error.fault)
            except ValueError as error:
                odd.append(Fault(index + 1, f"bad {name!r} ({error})", field.expected))
        place = Place(str(path), index + 1)
        if odd:
            yield Record(place, None, tuple(odd))
        else:
            yield Record(place, row, empty_sides(row, index + 1))


def read_archive(
    path: str | Path, fields: Mapping[str, Field], policy: Policy = "error"
) -> tuple[list[Row], Report]:
    """The rows of a .npz archive, as `archive_records` says, and what was left out."""
    return sifted(archive_records(path, fields), policy, path, "rows of arrays")


def array_values(path: str | Path, field: Field) -> Iterator[tuple[Value | None, Fault | None]]:
    """The rows of one .npy file of ids or frames, all of full width; or what is wrong with each.

    The file is mapped, so that it may be larger than the memory.
    """
    array = _mapped(Path(path))
    rank = 3 if field.kind == "frames" else 2
    if field.kind == "text" or array.ndim != rank:
        expected = "lines of text" if field.kind == "text" else f"{rank} axes"
        raise DataError(path, [Fault(0, f"an array of shape {list(array.shape)}", expected)])
    for number in range(len(array)):
        try:
            yield field.array(np.asarray(array[number])), None
        except ValueError as error:
            yield None, Fault(number + 1, f"bad row ({error})", field.expected)


class _FaultError(Exception):
    """A row that cannot be read."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def _refused(path: Path, error: Exception, expected: str) -> DataError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DataError(path, [Fault(0, f"cannot be read ({reason})", expected)])


def _loaded(path: Path) -> dict[str, NDArray[Any]]:
    try:
        # numpy leaves a path open that it cannot read, so it gets an open file.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return dict(archive)
    except _BROKEN as error:
        expected = "arrays in a .npz archive, without Python objects"
        raise _refused(path, error, expected) from None


def _mapped(path: Path) -> NDArray[Any]:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except _BROKEN as error:
        raise _refused(path, error, "one array in a .npy file, without Python objects") from None


def _misfits(
    name: str, array: NDArray[Any], lengths: NDArray[Any] | None, field: Field
) -> list[Fault]:
    """What is wrong with the arrays of one name as a whole."""
    rank = 3 if field.kind == "frames" else 2
    if field.kind == "text" or array.ndim != rank:
        expected = "text only in .tsv or .jsonl" if field.kind == "text" else f"{rank} axes"
        return [Fault(0, f"array {name!r} has shape {list(array.shape)}", expected)]
    if lengths is None or field.kind == "values":
        return []
    if lengths.shape != (len(array),) or lengths.dtype.kind not in "iu":
        problem = f"array '{name}_length' is no int[{len(array)}]"
        return [Fault(0, problem, "one length for each row")]
    return []


def _length(
    name: str, array: NDArray[Any], lengths: NDArray[Any] | None, field: Field, index: int
) -> int:
    """The length of one row of one name."""
    width = int(array.shape[1])
    if lengths is None or field.kind == "values":
        return width
    length = int(lengths[index])
    if not 0 <= length <= width:
        raise _FaultError(Fault(index + 1, f"{name}_length is {length}", f"0 to {width}"))
    return length
