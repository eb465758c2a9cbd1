"""Parallel text: files of lines `source TAB target`."""

from pathlib import Path
from typing import NamedTuple

from s2sgraph.data.errors import DataError, Fault
from s2sgraph.data.lines import ADVICE, Policy, Report, read_lines


class Pair(NamedTuple):
    """A source line and its target line."""

    source: str
    target: str


def _parted(number: int, text: str) -> Pair | Fault:
    parts = text.split("\t")
    if len(parts) == 1:
        return Fault(number, "no TAB", "source TAB target")
    if len(parts) > 2:
        return Fault(number, f"{len(parts) - 1} TABs", "source TAB target")
    for name, part in zip(Pair._fields, parts, strict=True):
        if not part.strip():
            return Fault(number, f"empty {name}", "source TAB target")
    return Pair(*parts)


def read_parallel(path: str | Path, policy: Policy = "error") -> tuple[list[Pair], Report]:
    """The pairs of a file, and what was left out on the way.

    `error` raises one DataError with every fault by file and line; `skip` leaves such lines out
    and counts them by reason; `keep` repairs odd bytes, and raises only for lines that are no
    pair. A file without any pair is an error under each.
    """
    pairs: list[Pair] = []
    faults: list[Fault] = []
    report = Report()
    for line in read_lines(path, "keep"):
        report.lines += 1
        odd = [] if policy == "keep" else list(line.faults)
        pair = _parted(line.number, line.text)
        if isinstance(pair, Fault):
            odd.append(pair)
        elif not odd:
            pairs.append(pair)
        if odd and policy == "skip":
            # The place of a bad byte differs from line to line; the reason does not.
            report.skipped[odd[0].problem.partition(" at byte")[0]] += 1
        else:
            faults += odd
    if faults:
        raise DataError(path, faults, ADVICE if policy == "error" else "")
    if not pairs:
        raise DataError(path, [Fault(0, f"no pair in {report.describe()}", "source TAB target")])
    return pairs, report
