"""The error of the data stage: every fault of the files at once, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 20


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (a line counted from 1, or 0 for the file as a whole) and what.

    `file` is given where it is not the file of the error that carries the fault.
    """

    line: int
    problem: str
    expected: str = ""
    file: str = ""

    @property
    def reason(self) -> str:
        """The problem without what differs from line to line, for counting."""
        return self.problem.partition(" (")[0].partition(" at byte")[0]

    def describe(self, path: str) -> str:
        """One line of text: `file:line: problem; expected …`."""
        place = f"{self.file or path}:{self.line}" if self.line else self.file or path
        return f"{place}: {self.problem}" + (f"; expected {self.expected}" if self.expected else "")


class DataError(Exception):
    """Data that cannot be used. `path` is the file, `faults` all that is wrong with it."""

    def __init__(self, path: object, faults: Sequence[Fault], advice: str = "") -> None:
        self.path = str(path)
        self.faults = tuple(faults)
        self.advice = advice
        shown = [fault.describe(self.path) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            files = dict.fromkeys(fault.file or self.path for fault in self.faults)
            shown.append(f"… and {len(self.faults) - _SHOWN} more faults in {', '.join(files)}")
        if advice:
            shown.append(advice)
        super().__init__("\n".join(shown))


class DamagedError(DataError):
    """A file that ends in bytes which cannot be read; what came before is sound."""
