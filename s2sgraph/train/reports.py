"""What training says of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far training has come, after one update of the weights.

    Attributes:
        step: updates so far, from 1.
        steps: updates in all.
        epoch: the pass over the data, from 1.
        loss: mean over the target tokens (or frames) since the report before.
        rate: the learning rate of this update.
        tokens_per_second: target tokens (or frames) since the report before, by time.
        seconds: since training began.
        seconds_left: at the present speed, if no patience ends training first.
        dev_loss: the development loss, where this update was followed by a validation.
        best: the least development loss so far; None before the first validation.
        logged: whether this is a report for the log, and not only for a display.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    rate: float
    tokens_per_second: float
    seconds: float
    seconds_left: float
    dev_loss: float | None = None
    best: float | None = None
    logged: bool = False

    def to_json(self) -> dict[str, Any]:
        """A line of the log."""
        form = {name: value for name, value in asdict(self).items() if value is not None}
        del form["logged"], form["seconds_left"]
        return {n: float(f"{v:.6g}") if isinstance(v, float) else v for n, v in form.items()}

    def describe(self) -> str:
        """One plain line for a person."""
        parts = [
            f"step {self.step}/{self.steps}",
            f"loss {self.loss:.4f}",
            f"{self.tokens_per_second:,.0f} tokens/s",
            f"{duration(self.seconds_left)} left",
        ]
        if self.dev_loss is not None:
            parts.insert(2, f"dev {self.dev_loss:.4f}")
        if self.best is not None:
            parts.append(f"best {self.best:.4f}")
        return "  ".join(parts)


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """A report that nobody reads."""


def duration(seconds: float) -> str:
    """A time as people read it: `1:02:03`, `2:03`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    tail = f"{minutes}:{whole % 60:02}" if not hours else f"{minutes:02}:{whole % 60:02}"
    return f"{hours}:{tail}" if hours else tail
