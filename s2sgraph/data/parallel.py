"""Parallel text: files of lines `source TAB target`, or a file for each side, line by line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from s2sgraph.data.archives import array_values
from s2sgraph.data.errors import Fault
from s2sgraph.data.fields import Field, Row, Value, empty_sides
from s2sgraph.data.json_lines import LONGEST_JSON, parsed
from s2sgraph.data.lines import Line, scan_file
from s2sgraph.data.policies import Place, Policy, Record, Report, sifted

_PAIR = "source TAB target"


class Pair(NamedTuple):
    """A source line and its target line."""

    source: str
    target: str


def _parted(line: Line) -> tuple[Row | None, tuple[Fault, ...]]:
    """The two sides of a line, and what is odd about how it is parted."""
    parts = line.text.split("\t")
    if len(parts) == 1:
        return None, (Fault(line.number, "no TAB", _PAIR),)
    row: Row = {"source": parts[0], "target": parts[1]}
    if len(parts) > 2:
        return row, (Fault(line.number, f"{len(parts) - 1} TABs", _PAIR),)
    return row, empty_sides(row, line.number, _PAIR)


def pair_records(path: str | Path) -> Iterator[Record[Row]]:
    """Every line `source TAB target` of a file (plain, or gzip by its name) as a record.

    Repaired, a line of several TABs is its first two columns, and an empty side is empty.
    """
    for line in scan_file(path):
        row, faults = _parted(line)
        yield Record(Place(str(path), line.number), row, (*line.faults, *faults))


def read_parallel(path: str | Path, policy: Policy = "error") -> tuple[list[Pair], Report]:
    """The pairs of a file, and what was left out on the way.

    `error` raises one DataError with every fault by file and line; `skip` leaves such lines out
    and counts them by reason; `keep` repairs them and counts that, and raises only for lines that
    are no pair. A file without any pair is an error under each.
    """
    rows, report = sifted(pair_records(path), policy, path, _PAIR)
    return [Pair(str(row["source"]), str(row["target"])) for row in rows], report


# ------------------------------------------------------------------ a file for each side


def column_records(paths: Mapping[str, Path], fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
    """Rows whose values stand at the same line of several files, one file for each name.

    A file holds one value a line: a text, ids as numbers, or frames as a JSON list; or it is a
    .npy array with a row for each. Where files have unequal numbers of lines, one last record
    stands for all lines of which another file has none.
    """
    names = list(paths)
    first = str(paths[names[0]])
    columns = {name: _values(paths[name], fields[name]) for name in names}
    number = 0
    while True:
        found = {name: next(column, None) for name, column in columns.items()}
        values = {name: pair for name, pair in found.items() if pair is not None}
        if len(values) < len(names):
            break
        number += 1
        row = {name: value for name, (value, _) in values.items() if value is not None}
        faults = [
            Fault(number, fault.problem, fault.expected, str(paths[name]))
            for name, (_, odd) in values.items()
            for fault in odd
        ]
        whole = len(row) == len(names)
        empty = empty_sides(row, number) if whole else ()
        yield Record(Place(first, number), row if whole else None, (*faults, *empty))
    if values:
        yield _surplus(paths, columns, number, set(values))


def _surplus(
    paths: Mapping[str, Path],
    columns: Mapping[str, Iterator[object]],
    number: int,
    longer: set[str],
) -> Record[Row]:
    """What stands for the lines that not every file has."""
    counts = {name: number + (name in longer) for name in paths}
    for name in longer:
        counts[name] += sum(1 for _ in columns[name])
    told = ", ".join(f"{counts[name]:,} in {path}" for name, path in paths.items())
    fault = Fault(number + 1, f"unequal numbers of lines ({told})", "a line for each line")
    place = Place(str(paths[next(iter(paths))]), number + 1)
    return Record(place, None, (fault,), max(counts.values()) - number)


_Value = tuple[Value | None, tuple[Fault, ...]]


def _values(path: Path, field: Field) -> Iterator[_Value]:
    """The values of one file, each with what is odd about it."""
    if path.suffix == ".npy":
        for value, fault in array_values(path, field):
            yield value, (fault,) if fault else ()
        return
    listed = field.kind in ("frames", "values")
    for line in scan_file(path, LONGEST_JSON) if listed else scan_file(path):
        if not listed:
            yield line.text, line.faults
            continue
        try:
            yield field.array(parsed(line.text)), line.faults
        except (ValueError, OverflowError, TypeError) as error:
            problem = f"bad line ({error})"
            expected = f"{field.expected} as JSON"
            yield None, (*line.faults, Fault(line.number, problem, expected))
