"""A row of a file as ids and frames that a model reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data import ALIGNMENTS, Fault, Field, Record, Row, Sieve, outside
from s2sgraph.data.store import Arrays
from s2sgraph.model import Model
from s2sgraph.model.vocabularies import Table
from s2sgraph.text import own


class RowEncoder:
    """Makes the arrays of rows for one model.

    Attributes:
        fields: what a row holds, by name.
        max_length: most units or frames of a side, without its end symbol.
        tables: the vocabulary of each side; None for frames.
        copied: the source whose own words are ids of its own; "" if there is none.
        aligned: the source that links of alignments are to.
    """

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
