"""What training says of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
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
        auxiliary: the auxiliary losses by name, each a mean like the loss, without its weight.
        seconds: since training began.
        seconds_left: at the present speed, if no patience ends training first.
        figures: of the development data by name, where this update was followed by a validation.
        best: the figure of the best validation so far; None before the first.
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
    auxiliary: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    best: float | None = None
    logged: bool = False

    @property
    def dev_loss(self) -> float | None:
        """The development loss, where this update was followed by a validation."""
        return self.figures.get("loss")

    def to_json(self) -> dict[str, Any]:
        """A line of the log; the figures of the development data begin with `dev_`."""
        form = {name: value for name, value in asdict(self).items() if value is not None}
        del form["logged"], form["seconds_left"], form["figures"], form["auxiliary"]
        form |= {**self.auxiliary} | {f"dev_{name}": value for name, value in self.figures.items()}
        return {n: float(f"{v:.6g}") if isinstance(v, float) else v for n, v in form.items()}

    def describe(self) -> str:
        """One plain line for a person."""
        parts = [
            f"step {self.step}/{self.steps}",
            f"loss {self.loss:.4f}",
            f"rate {self.rate:.2e}",
            f"{self.tokens_per_second:,.0f} tokens/s",
            f"{duration(self.seconds_left)} left",
        ]
        parts[2:2] = [
            *(f"{name} {value:.4f}" for name, value in self.auxiliary.items()),
            *(f"dev {name} {value:.4f}" for name, value in self.figures.items()),
        ]
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
