"""A trial of a training: its size, memory and time, measured on a few updates that are lost."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from s2sgraph.data import Batches
from s2sgraph.model import compile
from s2sgraph.spec import Spec
from s2sgraph.train.folder import Folder
from s2sgraph.train.optimizing import by_name
from s2sgraph.train.order import Order, Update
from s2sgraph.train.predictions import Predictor, taught
from s2sgraph.train.preparing import Preparation
from s2sgraph.train.processes import Processes
from s2sgraph.train.reports import duration
from s2sgraph.train.starting import Start
from s2sgraph.train.teachers import Teachers, distilling
from s2sgraph.train.updating import Updater

UPDATES = 8
"""Updates that are timed."""


@dataclass(frozen=True)
class Trial:
    """What a training is going to take.

    Attributes:
        parameters: numbers in the weights.
        trained: how many of them are trained.
        rows: of the training data.
        updates: of one pass over the data.
        steps: updates in all.
        places: places of the target in an update, on average.
        padding: share of the places of all sides that is padding.
        largest: rows and places of the batch that has most places.
        held: bytes of weights, gradients and what the optimizer keeps.
        peak: most bytes that the process (or its accelerator) held; None where nobody tells.
        seconds: of an update.
    """

    parameters: int
    trained: int
    rows: int
    updates: int
    steps: int
    places: float
    padding: float
    largest: tuple[int, int]
    held: int
    peak: int | None
    seconds: float

    def describe(self) -> str:
        """For people, a line each."""
        rows, longest = self.largest
        frozen = self.parameters - self.trained
        peak = "" if self.peak is None else f"; at its peak the process holds {_size(self.peak)}"
        return "\n".join(
            [
                f"{self.parameters:,} weights" + (f", {frozen:,} of them frozen" if frozen else ""),
                f"{self.rows:,} rows; {self.updates:,} updates in a pass over them,"
                f" {self.steps:,} in all",
                f"{self.places:,.0f} places of the target in an update, {self.padding:.1%} of all"
                f" places are padding; the largest batch is {rows:,} x {longest:,}",
                f"{_size(self.held)} of weights, gradients and optimizer{peak}",
                f"{self.seconds * 1000:,.1f} ms an update, {self.places / self.seconds:,.0f} places"
                f" of the target a second, {duration(self.seconds * self.steps)} in all"
                " without validations",
            ]
        )


def try_out(
    spec: Spec,
    start: str | PathLike[str] | None = None,
    *,
    add_symbols: bool = False,
    teachers: Sequence[str | PathLike[str]] = (),
) -> Trial:
    """Make a few updates, of the largest batch first, and leave nothing behind.

    Raises:
        as `train`, for whatever is found before its first update.
    """
    spec = distilling(spec, teachers)
    processes = Processes.of(spec)
    begin = Start.at(start, adds=add_symbols) if start is not None else None
    asked = Teachers.at(teachers) if teachers else None
    with TemporaryDirectory() as place:
        folder = Folder(Path(place) / "run")
        prepared = Preparation(spec, folder, begin, processes, lambda text: None, asked)
        model = compile(prepared.begin())
        examples, _ = prepared.examples(model)
        weights = begin.fitted(model) if begin else None
        settings = model.spec.train
        size = settings.batch_size
        tokens = None if size else settings.batch_tokens
        batches = Batches(examples.lengths, size, tokens, settings.seed, examples.parts)
        order = Order(batches, settings.accumulate)
        updates = order.epoch(0)
        longest = examples.lengths.max(axis=1)
        largest = max(updates, key=lambda update: _area(update, longest))
        timed = [largest, *updates[:UPDATES]]
        if asked and settings.distillation:
            numbers = sorted({int(row) for update in timed for rows in update for row in rows})
            predictor = Predictor(asked, settings.distillation, processes.device)
            examples = taught(examples, numbers, predictor)
        updater = Updater(model, examples, weights, processes)
        with torch.random.fork_rng(devices=[]):
            seconds = _timed(updater, timed)
    batch = max(largest, key=lambda rows: len(rows) * int(longest[rows].max()))
    kept = sum(_bytes(tensor) for tensor in by_name(updater.module, updater.optimizer).values())
    weighed = sum(_bytes(w) * (2 if w.requires_grad else 1) for w in updater.module.parameters())
    return Trial(
        parameters=model.parameters,
        trained=sum(weight.numel() for weight in updater.trained),
        rows=len(examples.rows),
        updates=len(updates),
        steps=order.steps(settings.steps, settings.epochs),
        places=float(np.mean([sum(map(updater.loss.places, update)) for update in updates])),
        padding=_padding(updates, examples.lengths),
        largest=(len(batch), int(longest[batch].max())),
        held=kept + weighed,
        peak=_peak(processes.device),
        seconds=seconds,
    )


def _timed(updater: Updater, updates: list[Update]) -> float:
    """Seconds of an update, after the first one."""
    rate = updater.settings.optimizer.rate
    first, *others = updates
    updater.update(first, 1, rate)
    began = time.perf_counter()
    for number, update in enumerate(others):
        updater.update(update, number + 2, rate)
    return (time.perf_counter() - began) / len(others)


def _area(update: Update, longest: NDArray[np.int64]) -> int:
    return max(len(rows) * int(longest[rows].max()) for rows in update)


def _padding(updates: list[Update], lengths: NDArray[np.int64]) -> float:
    """The share of padding on all sides of all batches."""
    batches = [rows for update in updates for rows in update]
    padded = sum(len(rows) * int(lengths[rows].max(axis=0).sum()) for rows in batches)
    own = sum(int(lengths[rows].sum()) for rows in batches)
    return 1 - own / max(padded, 1)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _peak(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"
