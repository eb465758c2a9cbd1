"""Examples: rows of files, as they stand there and as the ids and frames that a model reads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data import (
    ALIGNMENTS,
    Corpus,
    DataError,
    Fault,
    Field,
    Part,
    Place,
    Record,
    Report,
    Row,
    Sieve,
    outside,
)
from s2sgraph.data.store import Arrays, Builder, Places, Shape, Store, opened
from s2sgraph.model import Model
from s2sgraph.model.vocabularies import Table
from s2sgraph.spec import Spec
from s2sgraph.spec import data as settings
from s2sgraph.spec.sides import FeatureSide, FeatureSource, TokenSide
from s2sgraph.text import own

__all__ = ["Arrays", "Examples", "corpus", "encode", "fields", "moved", "named_from", "sides"]


@dataclass(frozen=True)
class Examples:
    """Rows as a model reads them, in memory or mapped from files.

    Attributes:
        rows: each has, by the name of an input: ids int32[time], frames float32[time, feature],
            or float32[feature] for what is known of a whole row. A target ends with the end
            symbol where its length is free. `alignments`, where they guide training, is
            int32[2 * link]: a place of the source and one of the target in turn.
        places: where each row stands.
        lengths: int64[row, side], of every sequence of every row.
        parts: how many rows each part of the data has, and its weight, as `Batches` takes them.
        reports: what was read and left out, by the name of each part.
        hash: of all that the rows are made from: the content of the files, the vocabularies and
            the settings of the data.
    """

    rows: Sequence[Arrays]
    places: Sequence[Place]
    lengths: NDArray[np.int64]
    parts: Sequence[tuple[int, Fraction]]
    reports: Mapping[str, Report]
    hash: str


def corpus(spec: Spec, which: str) -> Corpus | None:
    """The files of `train`, `dev` or `test`, looked for beside the spec; None if there are none."""
    parts: tuple[settings.Part, ...] | None = getattr(spec.data, which)
    if parts is None:
        return None
    folder = Path(spec.places.name).parent
    guided = spec.train.guided_alignment is not None
    return Corpus(
        tuple(
            Part(
                None if part.file is None else folder / part.file,
                {name: folder / file for name, file in part.columns.items()},
                # By its digits: 0.1 is a tenth, and not the binary fraction next to it.
                Fraction(str(part.weight)),
                folder / part.alignments if guided and part.alignments is not None else None,
            )
            for part in parts
        ),
        fields(spec),
        spec.data.odd,
    )


def moved(spec: Spec, place: Path) -> dict[str, Any]:
    """The changes after which a spec, written at `place`, names the same files as now."""
    folder = Path(spec.places.name).parent
    changes: dict[str, Any] = {}
    for which in ("train", "dev", "test"):
        parts: tuple[settings.Part, ...] | None = getattr(spec.data, which)
        if parts is not None:
            changes[f"data.{which}"] = [_moved(part, folder, place).spelled for part in parts]
    return changes


def _moved(part: settings.Part, folder: Path, place: Path) -> settings.Part:
    columns = {name: named_from(place, folder / file) for name, file in part.columns.items()}
    single = {
        key: None if name is None else named_from(place, folder / name)
        for key, name in (("file", part.file), ("alignments", part.alignments))
    }
    return part.model_copy(update={**single, "columns": columns})


def named_from(spec: Path, file: Path) -> str:
    """How a spec at the path `spec` names a file."""
    return Path(os.path.relpath(file.resolve(), spec.parent.resolve())).as_posix()


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


# ------------------------------------------------------------------ as a model reads them


def encode(
    model: Model, given: Corpus, cache: Path | None = None, max_length: int | None = None
) -> Examples:
    """Rows as a model reads them; the files are read once, from beginning to end.

    Args:
        model: whose vocabularies and sides the rows are for.
        given: the files, and the policy for odd rows: those that do not fit the model are odd.
        cache: a folder for rows that are too many for memory. What lies there already is taken
            if it was made from the same content, vocabularies and settings.
        max_length: most units (or frames) of any side; a row that has more is odd.

    Raises:
        DataError: with every row that the policy does not let pass, of all files.
    """
    shapes = {
        name: Shape(field.features, field.kind == "values") for name, field in given.fields.items()
    }
    if any(part.alignments for part in given.parts):
        shapes[ALIGNMENTS] = Shape()
    key = _key(model, given, max_length)
    store = opened(cache, shapes, key) if cache else None
    if store is None:
        encoder = _Encoder(model, given.fields, max_length)
        try:
            store = _stored(encoder, given, Builder(shapes, cache, key))
        except OSError as error:
            problem = f"encoded rows cannot be written ({error.strerror or error})"
            raise DataError(cache, [Fault(0, problem, "a folder with enough room")]) from None
    return _examples(given, store, key)


def _examples(given: Corpus, store: Store, key: str) -> Examples:
    counts = [note["rows"] for note in store.notes]
    reports = [Report.from_json(note["report"]) for note in store.notes]
    shapes = store.rows.shapes.items()
    sequences = [n for n, (k, shape) in enumerate(shapes) if not shape.once and k != ALIGNMENTS]
    return Examples(
        store.rows,
        Places([str(part.paths[0]) for part in given.parts], counts, store.lines),
        store.rows.lengths[:, sequences].astype(np.int64),
        [(count, part.weight) for count, part in zip(counts, given.parts, strict=True)],
        {part.name: report for part, report in zip(given.parts, reports, strict=True)},
        key,
    )


def _key(model: Model, given: Corpus, max_length: int | None) -> str:
    about = {
        "vocabularies": {name: table.to_json() for name, table in model.vocabularies.items()},
        "length": model.spec.target.length,
        "max_length": max_length,
        "steps": list(model.spec.steps),
        "copied": model.layers.copied,
        "aligned": model.layers.aligned,
    }
    text = json.dumps([given.fingerprint(), about], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def _stored(encoder: _Encoder, given: Corpus, builder: Builder) -> Store:
    """All rows that pass, with a note of what was left out of each part."""
    notes = []
    sieve = Sieve(given.odd)
    with builder:
        for part in given.parts:
            report, rows = Report(), 0
            records = encoder.records(sieve, part.records(given.fields), part.alignments)
            for record in sieve.records(records, report):
                assert record.row is not None
                builder.add(record.row, record.place.line)
                rows += 1
            if not rows and not sieve.faults:
                fault = Fault(0, f"no row in {report.describe()}", "examples")
                raise DataError(part.name, [fault])
            notes.append({"rows": rows, "report": report.to_json()})
        sieve.finish()
        return builder.finish(notes)


class _Encoder:
    """Makes the arrays of rows for one model."""

    def __init__(self, model: Model, fields: Mapping[str, Field], max_length: int | None) -> None:
        self.spec, self.fields, self.max_length = model.spec, fields, max_length
        self.tables: Mapping[str, Table | None] = model.vocabularies
        self.copied = model.layers.copied
        self.aligned = model.layers.aligned

    def records(
        self, sieve: Sieve, found: Iterator[Record[Row]], alignments: Path | None
    ) -> Iterator[Record[Arrays]]:
        """The records with their rows as a model reads them, and with what is odd about those.

        `alignments` is the file that the links of the rows are from, if they have any.
        """
        for record in found:
            if record.row is None or not sieve.wants(record):
                yield Record(record.place, None, record.faults, record.count)
                continue
            try:
                row, odd = self.encoded(record.row, record.place.line, alignments)
            except ValueError as error:
                fault = Fault(record.place.line, str(error))
                yield Record(record.place, None, (*record.faults, fault))
            else:
                yield Record(record.place, row, (*record.faults, *odd))

    def encoded(self, row: Row, line: int, alignments: Path | None) -> tuple[Arrays, list[Fault]]:
        """The arrays of a row, and faults for what was cut. Raises ValueError if it cannot fit."""
        arrays: Arrays = {}
        odd = []
        places: dict[str, int] = {}
        for name in self.fields:
            value = row[name]
            found = self._copying(name, row) if self._copies(name) else self._encoded(name, value)
            places[name] = len(found)
            if self._is_long(name, found):
                odd.append(Fault(line, f"{name} too long ({len(found):,} places)",
                                 f"at most {self.max_length:,}"))  # fmt: skip
                found = found[: self.max_length]
            table = self.tables.get(name)
            if table is None:
                arrays[name] = np.asarray(found, np.float32)
            else:
                end = [table.special.eos] if self._ends(name, table) else []
                arrays[name] = np.array([*found, *end], np.int32)
        self._check(arrays)
        if self.copied:
            arrays["target"] = self._reachable(arrays)
        if ALIGNMENTS in row:
            sides = places[self.aligned], places["target"]
            links, faults = outside(np.asarray(row[ALIGNMENTS]), *sides, line, str(alignments))
            kept = links if self.max_length is None else links[(links < self.max_length).all(1)]
            arrays[ALIGNMENTS] = kept.astype(np.int32).flatten()
            odd += faults
        return arrays, odd

    def _encoded(self, name: str, value: Any) -> Sequence[Any]:
        """The ids of a value without an end symbol, or its frames."""
        table = self.tables.get(name)
        if isinstance(value, str) and table is not None:
            try:
                ids = table.encode(value)
            except ValueError as error:
                raise ValueError(f"bad {name!r} ({error})") from None
            return ids[:-1] if table.end else ids
        if table is not None and table.size is not None and max(value, default=0) >= table.size:
            problem = f"id {max(value)} at place {value.argmax()}; expected 0 to {table.size - 1}"
            raise ValueError(f"bad {name!r} ({problem})")
        found: Sequence[Any] = value
        return found

    def _copies(self, name: str) -> bool:
        """Whether a side has ids for words beyond the vocabulary."""
        return bool(self.copied) and name in (self.copied, "target")

    def _copying(self, name: str, row: Row) -> Sequence[int]:
        """The ids of a side without an end symbol, words of the source's own among them."""
        table, source, value = self.tables[name], row[self.copied], row[name]
        assert table is not None
        assert table.size is not None
        try:
            words = own.own_words(table, source) if isinstance(source, str) else ()
            ids = own.encode(table, value, words) if isinstance(value, str) else value.tolist()
        except ValueError as error:
            raise ValueError(f"bad {name!r} ({error})") from None
        if not words:
            last = table.size + (len(source.split()) if isinstance(source, str) else len(source))
            for place, index in enumerate(ids):
                if index >= last:
                    problem = f"id {index} at place {place}; expected 0 to {last - 1}"
                    raise ValueError(f"bad {name!r} ({problem})")
        return ids

    def _reachable(self, arrays: Arrays) -> NDArray[Any]:
        """The target, the unknown symbol in place of words that its source has not (any more)."""
        table = self.tables["target"]
        assert table is not None
        assert table.size is not None
        source = arrays[self.copied]
        words = source[source < table.size + len(source)]
        last = max(words.max(initial=0), table.size - 1)
        return np.where(arrays["target"] <= last, arrays["target"], np.int32(table.special.unk))

    def _is_long(self, name: str, found: Sequence[Any]) -> bool:
        if self.max_length is None or self.fields[name].kind == "values":
            return False
        return len(found) > self.max_length

    def _ends(self, name: str, table: Table) -> bool:
        """Whether the ids of a side end with the end symbol."""
        return self.spec.target.length == "free" if name == "target" else table.end

    def _check(self, row: Arrays) -> None:
        """Whether the lengths of one row fit together."""
        length = len(row["target"])
        if not length:
            raise ValueError("the target is empty")
        if self.spec.target.length == "source" and not isinstance(self.spec.source, dict):
            source = len(row["source"])
            if source != length:
                raise ValueError(f"unequal lengths (source {source}, target {length})")
        for name in self.spec.steps:
            if len(row[name]) != length:
                raise ValueError(f"unequal lengths ({name} {len(row[name])}, target {length})")
