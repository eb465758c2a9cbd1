"""Progress for people: a bar on a terminal, one plain line for each report in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from s2sgraph.train.reports import Progress, Report, duration


@contextmanager
def display(console: Console | None = None) -> Iterator[Report]:
    """A report to give to `train`, for as long as the block runs."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda progress: _line(console, progress)
        return
    columns = (BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.step,
                total=progress.steps,
                description=_beside_the_bar(progress),
            )

        yield show


def _line(console: Console, progress: Progress) -> None:
    if progress.logged:
        console.print(progress.describe(), markup=False, highlight=False, soft_wrap=True)


def _beside_the_bar(progress: Progress) -> str:
    parts = [
        f"loss {progress.loss:.4f}",
        f"rate {progress.rate:.2e}",
        f"{progress.tokens_per_second:,.0f} tokens/s",
        f"{duration(progress.seconds_left)} left",
    ]
    if progress.best is not None:
        parts.append(f"best {progress.best:.4f}")
    return " · ".join(parts)
