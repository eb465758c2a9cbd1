"""A corpus: the files of one set of examples, read from the start as often as is wanted."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from s2sgraph.data.alignments import aligned
from s2sgraph.data.archives import archive_records
from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.fields import Field, Row
from s2sgraph.data.json_lines import json_records
from s2sgraph.data.parallel import column_records, pair_records
from s2sgraph.data.policies import Policy, Record, Report, Sieve


@dataclass(frozen=True)
class Part:
    """One file of whole rows, or files that hold a side each, line by line.

    Attributes:
        file: of lines `source TAB target`; or `.jsonl` or `.npz`. None where there are columns.
        columns: a file for each name.
        weight: how often each of its rows comes in an epoch.
        alignments: a file with the links of each row; None where nobody reads them.
    """

    file: Path | None = None
    columns: Mapping[str, Path] = field(default_factory=dict)
    weight: Fraction = Fraction(1)
    alignments: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """All its files."""
        rows = [*self.columns.values()] if self.file is None else [self.file]
        return rows if self.alignments is None else [*rows, self.alignments]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return " + ".join(str(path) for path in self.paths)

    def records(self, fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
        """Its rows, as they stand. Raises DataError if a file cannot be read."""
        found = self._rows(fields)
        return found if self.alignments is None else aligned(found, self.alignments)

    def _rows(self, fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
        if self.file is None:
            return self._from_columns(fields)
        form = _form(self.file)
        if form == ".npz":
            return archive_records(self.file, fields)
        if form == ".jsonl":
            return json_records(self.file, fields)
        if form == ".npy":
            wanted = f".npz with {', '.join(fields)}, or a file for each of them"
            raise DataError(self.file, [Fault(0, "a .npy file holds one array", wanted)])
        if [field.kind in ("text", "ids") for field in fields.values()] != [True, True]:
            wanted = f".jsonl or .npz with {', '.join(fields)}"
            problem = "lines of source TAB target cannot hold what this model reads"
            raise DataError(self.file, [Fault(0, problem, wanted)])
        return pair_records(self.file)

    def _from_columns(self, fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
        names = ", ".join(fields)
        faults = [
            Fault(0, f"no file for {name!r}", f"one for each of {names}")
            for name in fields
            if name not in self.columns
        ]
        for name, path in self.columns.items():
            if name not in fields:
                problem = f"a file for {name!r}, which this model does not read"
                faults.append(Fault(0, problem, names, str(path)))
            elif path.suffix == ".npz":
                problem = "a .npz file holds several arrays"
                faults.append(Fault(0, problem, "lines, or one array as .npy", str(path)))
        if faults:
            raise DataError(self.name, faults)
        return column_records({name: self.columns[name] for name in fields}, fields)


def _form(path: Path) -> str:
    """The form of a file by its name, `.gz` aside."""
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


@dataclass(frozen=True)
class Corpus:
    """The parts of one set of examples, what their rows hold, and the policy for odd lines."""

    parts: tuple[Part, ...]
    fields: Mapping[str, Field]
    odd: Policy = "error"

    def rows(self) -> Iterator[Row]:
        """Every row that the policy lets pass, part after part.

        Raises:
            DataError: after the last row, with every fault that the policy does not let pass; or
                at once, if a file cannot be read at all.
        """
        sieve = Sieve(self.odd)
        for part in self.parts:
            yield from sieve(part.records(self.fields), Report())
        sieve.finish()

    def fingerprint(self) -> str:
        """A hash of the content of all files, their order, their weights and the policy.

        Where the files lie, and what they are called but for their form, does not matter. The
        files are read once for it.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"corpus 1 {self.odd}".encode())
        for part in self.parts:
            digest.update(f"|{part.weight}".encode())
            for name, path in part.columns.items() if part.columns else [("", part.paths[0])]:
                digest.update(f"|{name}|{_form(path)}|{_hash(path)}".encode())
            if part.alignments is not None:
                path = part.alignments
                digest.update(f"|alignments {_form(path)}|{_hash(path)}".encode())
        for name, kept in self.fields.items():
            digest.update(f"|{name}|{kept.kind}|{kept.features}".encode())
        return digest.hexdigest()


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(path, [Fault(0, f"cannot be read ({reason})")]) from None
