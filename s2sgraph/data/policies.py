"""Policies for odd lines: stop and name them all, leave them out, or keep them repaired."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from s2sgraph.data.errors import DamagedError, DataError, Fault

Policy = Literal["error", "skip", "keep"]
ADVICE = (
    "Correct the file, or let such lines be skipped: policy `skip`, in a spec `data.odd: skip`."
)
MOST = 1000
"""Faults after which reading stops: the rest of such a file is no better."""

Content = TypeVar("Content", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Place:
    """Where a row stands: a file, and its line (or row) counted from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Record(Generic[Content]):
    """One row of data as it was found.

    `row` is None where it cannot be repaired; `faults` are what is odd about it. `count` says for
    how many lines it stands, where nothing can be said about each.
    """

    place: Place
    row: Content | None
    faults: tuple[Fault, ...] = ()
    count: int = 1


@dataclass
class Report:
    """What the reading of one file met: lines read, and by reason those skipped and repaired."""

    lines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)

    def describe(self) -> str:
        """One sentence for a person."""
        parts = [f"{self.lines:,} lines"]
        for word, counts in (("skipped", self.skipped), ("repaired", self.repaired)):
            if counts:
                reasons = ", ".join(f"{n:,} {reason}" for reason, n in sorted(counts.items()))
                parts.append(f"{counts.total():,} {word} ({reasons})")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """A form that `from_json` reads."""
        return {"lines": self.lines, "skipped": dict(self.skipped), "repaired": dict(self.repaired)}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Report":
        """The report that `to_json` described."""
        return cls(form["lines"], Counter(form["skipped"]), Counter(form["repaired"]))


class Sieve:
    """Lets rows through as a policy says; `finish` raises for those that it may not let pass.

    `error` collects every fault; `skip` leaves odd rows out and counts them by reason; `keep`
    lets repaired rows pass, and collects the faults of what cannot be repaired.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.faults: list[Fault] = []

    def wants(self, record: Record[Any]) -> bool:
        """Whether a record may pass, as far as is known: worth looking at further."""
        return record.row is not None and (not record.faults or self.policy == "keep")

    def __call__(self, records: Iterable[Record[Content]], report: Report) -> Iterator[Content]:
        """The rows that pass."""
        for record in self.records(records, report):
            assert record.row is not None
            yield record.row

    def records(
        self, records: Iterable[Record[Content]], report: Report
    ) -> Iterator[Record[Content]]:
        """The records that pass, of one file; `report` counts the others.

        Raises DataError when there are so many faults that reading on is of no use.
        """
        try:
            for record in records:
                report.lines += record.count
                if self.wants(record):
                    report.repaired.update(record.faults[0].reason for _ in record.faults[:1])
                    yield record
                elif self.policy == "skip":
                    report.skipped[record.faults[0].reason] += record.count
                else:
                    self._collect(record.faults, record.place.file)
        except DamagedError as damage:
            if self.policy != "skip":
                self._collect(damage.faults, damage.path)
            else:
                report.lines += 1
                report.skipped[damage.faults[0].reason] += 1

    def _collect(self, faults: Iterable[Fault], file: str) -> None:
        self.faults += [Fault(f.line, f.problem, f.expected, f.file or file) for f in faults]
        if len(self.faults) >= MOST:
            self.finish()

    def finish(self) -> None:
        """Raise a DataError with every fault collected, if there are any."""
        if self.faults:
            raise DataError(self.faults[0].file, self.faults, ADVICE)


def sifted(
    records: Iterable[Record[Content]], policy: Policy, path: object, expected: str
) -> tuple[list[Content], Report]:
    """The rows of one file that pass, and what was left out. A file without any is an error."""
    report = Report()
    sieve = Sieve(policy)
    rows = list(sieve(records, report))
    sieve.finish()
    if not rows:
        raise DataError(path, [Fault(0, f"no row in {report.describe()}", expected)])
    return rows, report
