"""Timing of two functions by turns, so that a machine that changes its speed changes both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Median seconds of a function and of its peer, and the median of their ratios by turns."""

    ours: float
    peer: float
    ratio: float

    def __str__(self) -> str:
        return f"{self.ours * 1e3:9.2f} ms {self.peer * 1e3:9.2f} ms   {self.ratio:5.2f}"


def measure(
    ours: Callable[[], object], peer: Callable[[], object], turns: int = 15, warm: int = 3
) -> Pair:
    """Time both, one after the other, `turns` times after `warm` turns that do not count."""
    times: list[tuple[float, float]] = []
    for turn in range(warm + turns):
        first = _timed(ours), _timed(peer)
        if turn >= warm:
            times.append(first)
    columns = [*zip(*times, strict=True)]
    ratios = [a / b for a, b in times]
    return Pair(
        statistics.median(columns[0]), statistics.median(columns[1]), statistics.median(ratios)
    )


def _timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
