"""Where a training stands, besides its weights and its optimizer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass
class State:
    """All that changes from update to update and is a plain number.

    Chance is not in here: every draw is a pure function of seed, step and process.

    Attributes:
        step: updates made so far.
        epoch: the pass over the data, from 0.
        place: updates made in this pass.
        followed: the update after which validation and log were last seen to.
        best: the figure of the best validation; None before the first.
        best_step: the update before it.
        waited: validations since the best one.
        falls: how often the rate has fallen, for a plateau.
        stayed: validations since the best one or since the rate fell last.
        sum: the loss of this process's rows since the last line of the log.
        sums: that of every process, when this was saved.
        auxiliary: the auxiliary losses of this process's rows since then, by name.
        auxiliaries: those of every process, when this was saved.
        count: the places of the target that they are over.
        seconds: how long training has taken, pauses left out.
        log: bytes of the log.
    """

    step: int = 0
    epoch: int = 0
    place: int = 0
    followed: int = 0
    best: float | None = None
    best_step: int = 0
    waited: int = 0
    falls: int = 0
    stayed: int = 0
    sum: float = 0.0
    sums: list[float] = field(default_factory=list)
    auxiliary: dict[str, float] = field(default_factory=dict)
    auxiliaries: dict[str, list[float]] = field(default_factory=dict)
    count: int = 0
    seconds: float = 0.0
    log: int = 0

    def seen_by(self, rank: int, count: int) -> State:
        """The state of one of `count` processes; it was saved by the first of as many or others."""
        auxiliary = {name: _own(sums, rank, count) for name, sums in self.auxiliaries.items()}
        return replace(self, sum=_own(self.sums, rank, count), auxiliary=auxiliary)

    def to_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)

    @classmethod
    def from_json(cls, form: dict[str, Any]) -> State:
        """From the values by name; ValueError if they are others."""
        names = {field.name for field in fields(cls)}
        if form.keys() != names:
            raise ValueError(f"expected {', '.join(sorted(names))}")
        return cls(**form)


def _own(sums: list[float], rank: int, count: int) -> float:
    """The sum of one of `count` processes; others than those that saved them have it together."""
    return sums[rank] if len(sums) == count else 0.0 if rank else sum(sums)
