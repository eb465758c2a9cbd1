"""The error of the data stage: every fault of a file at once, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 20


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (a line counted from 1, or 0 for the file as a whole) and what."""

    line: int
    problem: str
    expected: str = ""

    def describe(self, path: str) -> str:
        """One line of text: `file:line: problem; expected …`."""
        place = f"{path}:{self.line}" if self.line else path
        return f"{place}: {self.problem}" + (f"; expected {self.expected}" if self.expected else "")


class DataError(Exception):
    """Data that cannot be used. `path` is the file, `faults` all that is wrong with it."""

    def __init__(self, path: object, faults: Sequence[Fault], advice: str = "") -> None:
        self.path = str(path)
        self.faults = tuple(faults)
        self.advice = advice
        shown = [fault.describe(self.path) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            shown.append(f"… and {len(self.faults) - _SHOWN} more faults in {self.path}")
        if advice:
            shown.append(advice)
        super().__init__("\n".join(shown))
