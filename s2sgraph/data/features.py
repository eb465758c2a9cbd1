"""Sequences of feature vectors, and of ids, from JSON lines and from numpy archives.

A row of data is a mapping from the names of a model's inputs (`source`, `target`, or the names of
several sources) to a text, to ids int64[time], or to frames float32[time, feature]. What each
name is, is told by a `Field`.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.lines import ADVICE, LONGEST, Policy, Report, read_lines

Value = str | NDArray[np.int64] | NDArray[np.float32]
Row = dict[str, Value]


@dataclass(frozen=True)
class Field:
    """What one name holds: text, ids, or `features` numbers, for each time or once for a row."""

    kind: str = "text"
    features: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("text", "ids", "frames", "values"):
            raise ValueError(f"a field is text, ids, frames or values, not {self.kind!r}")
        if (self.kind in ("frames", "values")) != (self.features > 0):
            raise ValueError("frames and values, and only they, have a number of features from 1")

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        numbers = f"{self.features} numbers"
        forms = {"frames": f"frames of {numbers}", "values": f"a list of {numbers}"}
        return {"text": "a text", "ids": "a list of ids", **forms}[self.kind]


def _array(value: Any, field: Field) -> NDArray[Any]:
    """The value as int64[time] or float32[time, feature]. Raises ValueError."""
    if isinstance(value, np.ndarray):
        array = value
    elif isinstance(value, list):
        array = np.array(value) if value else np.zeros(0, np.int64)
    else:
        raise ValueError("no list")
    if field.kind == "ids":
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError("no list of whole numbers")
        if array.size and int(array.min()) < 0:
            raise ValueError(f"id {int(array.min())} at place {int(array.argmin())}")
        return array.astype(np.int64)
    if array.dtype.kind not in "fiu":
        raise ValueError("not all are numbers")
    if field.kind == "values":
        return _values(array, field)
    if array.size == 0:
        array = array.reshape(0, field.features)
    elif array.ndim == 1 and field.features == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != field.features:
        raise ValueError(f"shape {list(array.shape)}")
    with np.errstate(over="ignore"):
        frames = array.astype(np.float32)
    finite = np.isfinite(frames)
    if not finite.all():
        time, feature = np.argwhere(~finite)[0]
        raise ValueError(f"no finite number at time {time}, feature {feature}")
    return frames


def _values(array: NDArray[Any], field: Field) -> NDArray[np.float32]:
    """The numbers of a whole row as float32[feature]. Raises ValueError."""
    if array.shape != (field.features,):
        raise ValueError(f"shape {list(array.shape)}")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"no finite number at feature {int(np.isfinite(values).argmin())}")
    return values


def _value(value: Any, field: Field) -> Value:
    if field.kind != "text":
        return _array(value, field)
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__}")
    if "\n" in value:
        raise ValueError("a line end inside a text")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _row(text: str, number: int, fields: Mapping[str, Field]) -> tuple[Row, list[Fault]]:
    """The row that a line of JSON holds, and every fault in it."""
    try:
        form = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return {}, [Fault(number, f"bad JSON ({error})", "one JSON object on each line")]
    if not isinstance(form, dict):
        return {}, [Fault(number, f"a {type(form).__name__}", "one JSON object on each line")]
    row: Row = {}
    faults = [
        Fault(number, f"unknown name {name[:40]!r}", ", ".join(fields))
        for name in form
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in form:
            faults.append(Fault(number, f"no {name!r}", field.expected))
            continue
        try:
            row[name] = _value(form[name], field)
        except (ValueError, OverflowError, TypeError) as error:
            faults.append(Fault(number, f"bad {name!r} ({error})", field.expected))
    return row, faults


def read_json_lines(
    path: str | Path, fields: Mapping[str, Field], policy: Policy = "error"
) -> tuple[list[Row], Report]:
    """The rows of a file that holds one JSON object on each line, and what was left out.

    The policies are those of `read_parallel`; a line may be 64 MB long.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    report = Report()
    for line in read_lines(path, "keep", longest=64 * LONGEST):
        report.lines += 1
        row, odd = _row(line.text, line.number, fields)
        if policy != "keep":
            odd = [*line.faults, *odd]
        if not odd:
            rows.append(row)
        elif policy == "skip":
            report.skipped[odd[0].problem.partition(" (")[0].partition(" at byte")[0]] += 1
        else:
            faults += odd
    if faults:
        raise DataError(path, faults, ADVICE if policy == "error" else "")
    if not rows:
        raise DataError(path, [Fault(0, f"no row in {report.describe()}", "JSON objects")])
    return rows, report


def read_archive(path: str | Path, fields: Mapping[str, Field]) -> tuple[list[Row], Report]:
    """The rows of a .npz archive, which has no text.

    For every name an array `NAME`: int[row, time] for ids, float[row, time, feature] for frames,
    float[row, feature] for values of a whole row; and optionally `NAME_length`, int[row]: the rest
    of a row is padding and is not read.
    """
    path = Path(path)
    arrays = _loaded(path)
    faults = []
    columns: dict[str, list[Value]] = {}
    for name, field in fields.items():
        if name not in arrays:
            found = ", ".join(arrays) or "nothing"
            faults.append(Fault(0, f"no array {name!r}, only {found}", field.expected))
            continue
        column, odd = _column(name, arrays[name], arrays.get(f"{name}_length"), field)
        columns[name] = column
        faults += odd
    if faults:
        raise DataError(path, faults)
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(path, [Fault(0, f"unequal numbers of rows ({sizes})", "equal numbers")])
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    if not rows:
        raise DataError(path, [Fault(0, "no row")])
    return rows, Report(lines=len(rows))


def _loaded(path: Path) -> dict[str, NDArray[Any]]:
    try:
        # numpy leaves a path open that it cannot read, so it gets an open file.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return dict(archive)
    except (OSError, ValueError, EOFError, KeyError, zlib.error, zipfile.BadZipFile) as e:
        reason = e.strerror if isinstance(e, OSError) and e.strerror else e
        expected = "arrays in a .npz archive, without Python objects"
        raise DataError(path, [Fault(0, f"cannot be read ({reason})", expected)]) from None


def _column(
    name: str, array: NDArray[Any], lengths: NDArray[Any] | None, field: Field
) -> tuple[list[Value], list[Fault]]:
    """One value for each row of an array, and every fault, row by row counted from 1."""
    rank = 3 if field.kind == "frames" else 2
    if field.kind == "text" or array.ndim != rank:
        expected = "text only in .tsv or .jsonl" if field.kind == "text" else f"{rank} axes"
        return [], [Fault(0, f"array {name!r} has shape {list(array.shape)}", expected)]
    rows, width = array.shape[:2]
    if lengths is None or field.kind == "values":
        lengths = np.full(rows, width)
    if lengths.shape != (rows,) or lengths.dtype.kind not in "iu":
        return [], [Fault(0, f"array '{name}_length' is no int[{rows}]", "one length for each row")]
    column: list[Value] = []
    faults = []
    for row, length in enumerate(lengths.tolist()):
        if not 0 <= length <= width:
            faults.append(Fault(row + 1, f"{name}_length is {length}", f"0 to {width}"))
            continue
        try:
            column.append(_array(array[row, :length], field))
        except ValueError as error:
            faults.append(Fault(row + 1, f"bad {name!r} ({error})", field.expected))
    return column, faults
