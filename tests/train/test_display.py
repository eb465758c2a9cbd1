"""Progress in a pipe and on a terminal."""

import io
from dataclasses import replace

from rich.console import Console

from s2sgraph.train import Progress, display
from s2sgraph.train.reports import duration

PROGRESS = Progress(
    20, 60, 1, 1.5, 1e-3, 12345.6, 10.0, 75.4, figures={"loss": 1.25}, best=1.2, logged=True
)


def shown(terminal: bool) -> str:
    text = io.StringIO()
    with display(Console(file=text, force_terminal=terminal, width=100)) as report:
        report(replace(PROGRESS, step=19, logged=False))
        report(PROGRESS)
    return text.getvalue()


def test_one_plain_line_for_each_report_in_a_pipe() -> None:
    assert shown(terminal=False) == (
        "step 20/60  loss 1.5000  dev loss 1.2500  rate 1.00e-03  12,346 tokens/s  1:15 left"
        "  best 1.2000\n"
    )


def test_a_bar_on_a_terminal() -> None:
    text = shown(terminal=True)
    for part in ("20/60", "loss 1.5000", "12,346 tokens/s", "1:15 left", "best 1.2000"):
        assert part in text


def test_durations() -> None:
    assert [duration(s) for s in (0, 59.6, 61, 3723)] == ["0:00", "1:00", "1:01", "1:02:03"]


def test_the_log_has_no_more_digits_than_needed() -> None:
    form = replace(PROGRESS, loss=1 / 3, figures={}).to_json()
    assert form["loss"] == 0.333333
    assert "dev_loss" not in form
