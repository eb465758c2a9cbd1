"""Alignments: which places of the source belong to each place of the target, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data.errors import Fault
from s2sgraph.data.fields import Row
from s2sgraph.data.lines import Line, scan_file
from s2sgraph.data.policies import Record

ALIGNMENTS = "alignments"
"""The name under which a row holds its links, `int64[link, 2]`: places of source and target."""

_LINK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})", re.ASCII)
_EXPECTED = "pairs of places such as 0-0 1-2, the source's first"


def links_of(line: Line, path: str) -> tuple[NDArray[np.int64], tuple[Fault, ...]]:
    """The links of a line in Pharaoh's format, `int64[link, 2]`, and all that is odd about it.

    Places count from 0. A line may be empty; a link that stands there twice counts once. Repaired,
    a line has the links that are sound.
    """
    found: dict[tuple[int, int], None] = {}
    faults = [Fault(line.number, f.problem, f.expected, path) for f in line.faults]
    for word in line.text.split():
        link = _LINK.fullmatch(word)
        if link:
            found[int(link[1]), int(link[2])] = None
        else:
            problem = f"bad alignment ({word[:40]!r})"
            faults.append(Fault(line.number, problem, _EXPECTED, path))
    return np.array([*found], np.int64).reshape(-1, 2), tuple(faults)


def outside(
    links: NDArray[np.int64], source: int, target: int, line: int, path: str
) -> tuple[NDArray[np.int64], list[Fault]]:
    """The links of a row between its places, and a fault for those that lead elsewhere.

    `source` and `target` are how many places the sides have; the end symbol is none of them.
    """
    inside = (links < (source, target)).all(1)
    if inside.all():
        return links, []
    first, second = links[~inside][0].tolist()
    problem = f"alignment to no place ({first}-{second}; source {source}, target {target})"
    return links[inside], [Fault(line, problem, "places of the row, from 0", path)]


def aligned(records: Iterator[Record[Row]], path: Path) -> Iterator[Record[Row]]:
    """Records of rows, each with the links of the same line of a file (plain, or gzip by its name).

    Where there are more rows than lines or more lines than rows, one last record stands for those
    that have no other.
    """
    lines = scan_file(path)
    number = 0
    for record in records:
        line = next(lines, None)
        if line is None:
            rest = record.count + sum(other.count for other in records)
            yield _unequal(record, path, rows=number + rest, lines=number)
            return
        for _ in range(record.count - 1):
            next(lines, None)
        number += record.count
        links, faults = links_of(line, str(path))
        row = None if record.row is None else {**record.row, ALIGNMENTS: links}
        yield Record(record.place, row, (*record.faults, *faults), record.count)
        last = record
    if next(lines, None) is not None and number:
        rest = 1 + sum(1 for _ in lines)
        yield _unequal(last, path, rows=number, lines=number + rest)


def _unequal(record: Record[Row], path: Path, *, rows: int, lines: int) -> Record[Row]:
    """What stands for all rows or lines that have no other."""
    told = f"{rows:,} rows and {lines:,} lines in {path}"
    problem, longer = f"unequal numbers of lines ({told})", str(path) if lines > rows else ""
    fault = Fault(min(rows, lines) + 1, problem, "a line for each row", longer)
    return Record(record.place, None, (fault,), abs(rows - lines))
