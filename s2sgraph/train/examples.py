"""Examples: rows of files, as they stand there and as the ids and frames that a model reads."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data import DataError, Fault, Field, Row, read_archive, read_json_lines, read_parallel
from s2sgraph.model import Model
from s2sgraph.model.vocabularies import Table, token_sides
from s2sgraph.spec import Spec
from s2sgraph.spec.sides import FeatureSide, FeatureSource, TokenSide

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Place:
    """Where a row stands: a file, and its line (or row) counted from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Read:
    """Rows as they stand in files: texts, ids and frames by name, and where each stands."""

    rows: list[Row]
    places: list[Place]

    def texts(self, name: str) -> list[str]:
        """The texts of one side."""
        return [value for row in self.rows if isinstance(value := row[name], str)]


@dataclass(frozen=True)
class Examples:
    """Rows as a model reads them.

    Each has, by the name of an input: ids int64[time], frames float32[time, feature], or
    float32[feature] for what is known of a whole row. A target ends with the end symbol where its
    length is free.
    """

    rows: list[Arrays]
    places: list[Place]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[row, side]: the length of every sequence of every row."""
        sequences = [n for n in self.rows[0] if not n.endswith("_static")]
        return np.array([[len(row[name]) for name in sequences] for row in self.rows], np.int64)


def files(spec: Spec, names: Sequence[str] | None) -> list[Path]:
    """The files that a spec names, which are looked for beside it."""
    return [Path(spec.places.name).parent / name for name in names or ()]


def named_from(spec: Path, file: Path) -> str:
    """How a spec at the path `spec` names a file."""
    return Path(os.path.relpath(file.resolve(), spec.parent.resolve())).as_posix()


def read(spec: Spec, paths: Iterable[Path]) -> Read:
    """The rows of files: `.jsonl`, `.npz`, and any other as lines `source TAB target`.

    Raises:
        DataError: a file cannot be used; names every line at fault.
    """
    rows: list[Row] = []
    places: list[Place] = []
    for path in paths:
        found = _read(spec, path)
        rows += found
        places += [Place(str(path), line) for line in range(1, len(found) + 1)]
    return Read(rows, places)


def _read(spec: Spec, path: Path) -> list[Row]:
    form = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if form == ".npz":
        return read_archive(path, fields(spec))[0]
    if form == ".jsonl":
        return read_json_lines(path, fields(spec))[0]
    if len(token_sides(spec)) != 2 or isinstance(spec.source, dict) or spec.steps:
        wanted = f".jsonl or .npz with {', '.join(fields(spec))}"
        problem = "lines of source TAB target cannot hold what this model reads"
        raise DataError(path, [Fault(0, problem, wanted)])
    return [{"source": s, "target": t} for s, t in read_parallel(path)[0]]


def sides(spec: Spec) -> dict[str, TokenSide | FeatureSide]:
    """The sources and the target by name."""
    sources = spec.source if isinstance(spec.source, dict) else {"source": spec.source}
    return {**sources, "target": spec.target}


def fields(spec: Spec) -> dict[str, Field]:
    """What the rows of a file hold, by name."""
    found: dict[str, Field] = {}
    for name, side in sides(spec).items():
        if isinstance(side, FeatureSide):
            found[name] = Field("frames", side.features)
            if isinstance(side, FeatureSource) and side.static:
                found[f"{name}_static"] = Field("values", side.static.features)
        else:
            found[name] = Field("ids" if side.tokens == "ids" else "text")
    return {**found, **{n: Field("frames", step.features) for n, step in spec.steps.items()}}


def encode(model: Model, found: Read) -> Examples:
    """Rows as a model reads them.

    Raises:
        DataError: with every row whose values do not fit the model.
    """
    faults: dict[str, list[Fault]] = defaultdict(list)
    rows: list[Arrays] = []
    for row, place in zip(found.rows, found.places, strict=True):
        try:
            encoded = {name: _encoded(model, name, value) for name, value in row.items()}
            _check(model.spec, encoded)
            rows.append(encoded)
        except ValueError as error:
            faults[place.file].append(Fault(place.line, str(error)))
    for file, odd in faults.items():
        raise DataError(file, odd)
    return Examples(rows, found.places)


def _encoded(model: Model, name: str, value: Any) -> NDArray[Any]:
    table = model.vocabularies.get(name)
    if table is None:
        return np.asarray(value)
    ids = _ids(name, value, table)
    if name == "target" and model.spec.target.length == "free":
        ids.append(model.spec.special.eos)
    return np.array(ids, np.int64)


def _ids(name: str, value: Any, table: Table) -> list[int]:
    """The ids of one value, with the end symbol where a source has one."""
    if isinstance(value, str):
        ids = table.encode(value)
        return ids[:-1] if table.end and name == "target" else ids
    ids = [int(index) for index in value]
    if ids and table.size is not None and max(ids) >= table.size:
        raise ValueError(f"{name} has the id {max(ids)}; expected 0 to {table.size - 1}")
    return [*ids, table.special.eos] if table.end and name != "target" else ids


def _check(spec: Spec, row: Mapping[str, NDArray[Any]]) -> None:
    """Whether the lengths of one row fit together."""
    length = len(row["target"])
    if not length:
        raise ValueError("the target is empty")
    if spec.target.length == "source" and not isinstance(spec.source, dict):
        source = len(row["source"])
        if source != length:
            raise ValueError(f"the target has {length} places, the source {source}")
    for name in spec.steps:
        if len(row[name]) != length:
            raise ValueError(f"{name} has {len(row[name])} places, the target {length}")
