"""What teachers predict at every place of the target of each row: made once, and kept in a folder.

It is made and kept in pieces of so many rows. Processes share the pieces among themselves; pieces
that are whole already are taken as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2sgraph.data import Batches
from s2sgraph.data.lazy import Lazy
from s2sgraph.data.store import Arrays, Builder, Rows, Shape, opened
from s2sgraph.model import Model
from s2sgraph.spec.distillation import Distillation
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import SHARES, SYMBOLS, Feeder
from s2sgraph.train.processes import Processes
from s2sgraph.train.teachers import Teachers

PIECE = 2**13
"""Rows of a piece; inside it, rows of like length are predicted together."""
PLACES = 4096
"""Places of a batch, padding included."""


class Predictor:
    """Teachers that predict together, in float32 and without dropout."""

    def __init__(self, teachers: Teachers, settings: Distillation, device: torch.device) -> None:
        self.settings, self.device = settings, device
        model, *_ = teachers.models
        self.pad, self.kept = model.spec.special.pad, _kept(settings, model)
        self.feeders = [Feeder(model) for model in teachers.models]
        self.modules: list[nn.Module] = [
            model.to_torch(weights=run.weights).to(device).eval()
            for model, run in zip(teachers.models, teachers.runs, strict=True)
        ]

    def __call__(self, rows: Sequence[Arrays]) -> list[Arrays]:
        """What they predict of each row.

        `teachers.symbols` int32[time * kept] and `teachers.shares` float32[time, kept]: at every
        place of the target the symbols that they find most likely, and their probabilities.
        """
        found: list[Arrays] = [{}] * len(rows)
        sequences = self.feeders[0].sequences
        lengths = np.array([[len(row[name]) for name in sequences] for row in rows])
        for numbers in Batches(lengths, batch_tokens=PLACES).in_order():
            batch = [rows[number] for number in numbers]
            for number, row, symbols, shares in zip(
                numbers, batch, *self._most_likely(batch), strict=True
            ):
                end = len(row["target"])
                found[number] = {SYMBOLS: symbols[:end].flatten(), SHARES: shares[:end]}
        return found

    def _most_likely(self, rows: Sequence[Arrays]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Symbols but for padding, and their tempered probabilities; [batch, time, kept]."""
        with torch.inference_mode():
            parts = zip(self.modules, self.feeders, strict=True)
            mean = torch.stack([self._probabilities(*part, rows) for part in parts]).mean(0)
            logarithms = mean.log() / self.settings.temperature
            logarithms[:, :, self.pad] = -torch.inf
            shares, symbols = logarithms.softmax(2).topk(self.kept)
        return symbols.cpu().numpy().astype(np.int32), shares.cpu().numpy()

    def _probabilities(self, module: nn.Module, feed: Feeder, rows: Sequence[Arrays]) -> Tensor:
        """Of all symbols by one of them, [batch, time, symbol]."""
        found = module(*(value.to(self.device) for value in feed(rows).inputs))
        logits: Tensor = found["logits"] if isinstance(found, dict) else found
        return logits.float().softmax(2)


def _kept(settings: Distillation, model: Model) -> int:
    """How many symbols are kept of a place: at most all of the vocabulary but padding.

    It is one number for all batches, though models that copy have more symbols in some.
    """
    return min(settings.symbols, model.symbols["target"] - 1)


class Numbered(Protocol):
    """Predictions by the number of their row."""

    def __getitem__(self, row: int, /) -> Arrays: ...


class Taught(Lazy[Arrays]):
    """Rows, and beside the arrays of each what teachers predict of it."""

    def __init__(self, rows: Sequence[Arrays], predictions: Numbered) -> None:
        self.rows, self.predictions = rows, predictions

    def __len__(self) -> int:
        return len(self.rows)

    def make(self, index: int) -> Arrays:
        """The arrays of a row."""
        return {**self.rows[index], **self.predictions[index]}


class Pieces:
    """Predictions that are kept in a folder, for a student with these examples.

    Args:
        hashes: of the teachers.
    """

    def __init__(
        self, folder: Path, model: Model, examples: Examples, hashes: Sequence[str]
    ) -> None:
        settings = model.spec.train.distillation
        assert settings is not None
        self.folder, self.examples = folder, examples
        self.shapes = {SYMBOLS: Shape(), SHARES: Shape(_kept(settings, model))}
        about = [*hashes], examples.hash, settings.temperature, settings.symbols, PIECE
        self.key = hashlib.sha256(json.dumps(about).encode()).hexdigest()
        self.numbers = range(-(-len(examples.rows) // PIECE))
        self._opened: dict[int, Rows] = {}

    def __getitem__(self, row: int) -> Arrays:
        """What is predicted of a row."""
        number, place = divmod(row, PIECE)
        return self._opened[number][place]

    def lacks(self, number: int) -> bool:
        """Whether a piece has still to be made."""
        if number not in self._opened:
            store = opened(self.folder / str(number), self.shapes, f"{self.key} {number}")
            if store is not None:
                self._opened[number] = store.rows
        return number not in self._opened

    def make(self, number: int, predictor: Predictor) -> None:
        """Predict a piece. Raises TrainingError if it cannot be written."""
        place, key = self.folder / str(number), f"{self.key} {number}"
        span = range(number * PIECE, min((number + 1) * PIECE, len(self.examples.rows)))
        try:
            with Builder(self.shapes, place, key, always=True) as builder:
                predictions = predictor([self.examples.rows[row] for row in span])
                for row, prediction in zip(span, predictions, strict=True):
                    builder.add(prediction, row)
                builder.finish(None)
        except OSError as error:
            reason = error.strerror or error
            raise TrainingError(f"predictions cannot be written to {place} ({reason})") from None


def taught(examples: Examples, numbers: Sequence[int], predictor: Predictor) -> Examples:
    """The examples with predictions of some of their rows, and of no others."""
    found = predictor([examples.rows[number] for number in numbers])
    return replace(examples, rows=Taught(examples.rows, dict(zip(numbers, found, strict=True))))


def all_taught(
    pieces: Pieces, ask: Callable[[], Predictor] | None, processes: Processes
) -> Examples:
    """The examples with predictions of all their rows, each process making its own pieces.

    Args:
        pieces: where they are kept.
        ask: makes teachers ready to predict what is not kept yet; None where there are none.

    Raises:
        TrainingError: predictions are missing and nobody makes them, or they cannot be written.
    """
    mine = pieces.numbers[processes.rank :: processes.count] if ask else pieces.numbers
    if missing := [number for number in mine if pieces.lacks(number)]:
        if ask is None:
            message = f"{pieces.folder} does not hold all that the teachers of this run predict"
            raise TrainingError(f"{message}; name them once more (--teacher)")
        predictor = ask()
        for number in missing:
            pieces.make(number, predictor)
    processes.wait()
    if any(pieces.lacks(number) for number in pieces.numbers):
        raise TrainingError(f"{pieces.folder} changed while it was read")
    return replace(pieces.examples, rows=Taught(pieces.examples.rows, pieces))
