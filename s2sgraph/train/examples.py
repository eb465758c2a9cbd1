"""Examples: all rows of data files as a model reads them, in memory or mapped from a cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data import (
    ALIGNMENTS,
    Corpus,
    DataError,
    Fault,
    Place,
    Report,
    Sieve,
)
from s2sgraph.data.store import Arrays, Builder, Places, Shape, Store, opened
from s2sgraph.model import Model
from s2sgraph.train.encoding import RowEncoder


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
        encoder = RowEncoder(model, given.fields, max_length)
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


def _stored(encoder: RowEncoder, given: Corpus, builder: Builder) -> Store:
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
