"""What is asked of a tool, and how long it took by the clock of its own process."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

BATCH_TOKENS = 2048
"""Most places of a batch on its longest side, padding included: both tools count so."""
UPDATES, LOG_EVERY = 14, 2
RATE, WARMUP = 5e-4, 4000


@dataclass(frozen=True)
class Line:
    """A line of a tool's log.

    Attributes:
        seconds: when it was written, by any clock.
        speed: target tokens a second since the line before, end symbols counted, padding not.
    """

    seconds: float
    speed: float


@dataclass(frozen=True)
class Training:
    """A training that was measured.

    Attributes:
        parameters: how many numbers are trained.
        tokens: target tokens of an update.
        speed: target tokens a second of the processor.
    """

    parameters: int
    tokens: float
    speed: float


def measured(parameters: int, log: Sequence[Line], seconds: Sequence[float]) -> Training:
    """The figures from the first line of a log to its last: start-up is before.

    Args:
        parameters: how many numbers are trained.
        log: what the tool says itself, which is where its number of tokens is from.
        seconds: of the processor at each line.
    """
    assert len(log) == len(seconds) == UPDATES // LOG_EVERY, (log, seconds)
    tokens = sum((line.seconds - before.seconds) * line.speed for before, line in pairwise(log))
    updates = UPDATES - LOG_EVERY
    return Training(parameters, tokens / updates, tokens / (seconds[-1] - seconds[0]))


def call(command: Sequence[str | Path], folder: Path, line: str) -> list[float]:
    """Run a tool's own command on one thread.

    Seconds of the processor are told whenever it writes a line that has this pattern. What else
    runs on the machine does not count in them, as it would by the clock on the wall.
    """
    alone = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    told, seconds = [], []
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | alone,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for text in process.stdout:
            told.append(text)
            if re.search(line, text):
                seconds.append(of_processor(process.pid))
    if process.returncode:
        raise SystemExit(f"{''.join(told[-30:])}\n{' '.join(map(str, command))} failed")
    return seconds


def of_processor(process: int) -> float:
    """Seconds that a process has had of the processor, as Linux tells them."""
    numbers = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")
