"""From rows to the tensors of one batch, in the order in which a module takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2sgraph.data import ALIGNMENTS, collate
from s2sgraph.data.store import Arrays
from s2sgraph.model import Model
from s2sgraph.train.corpora import fields


class Links(NamedTuple):
    """Which places of the source belong to which of the target.

    Attributes:
        places: int64[link, 3]: the row of the batch, the place of the target, and of the source.
        shares: float32[link]: those of one place of the target are equal, and add up to 1.
    """

    places: Tensor
    shares: Tensor

    def twice(self, rows: int) -> Links:
        """Those of a batch that holds so many rows twice."""
        further = self.places + self.places.new_tensor([rows, 0, 0])
        return Links(torch.cat([self.places, further]), _twice(self.shares))


SYMBOLS, SHARES = "teachers.symbols", "teachers.shares"
"""What a row has where teachers have predicted it: int32[time * kept], and float32[time, kept]."""


class Predictions(NamedTuple):
    """What teachers predict at the places of the target.

    Attributes:
        symbols: int64[batch, time, kept]: those that they find most likely.
        shares: float32[batch, time, kept]: their probabilities.
    """

    symbols: Tensor
    shares: Tensor

    def twice(self) -> Predictions:
        """All rows, and all of them again behind."""
        return Predictions(_twice(self.symbols), _twice(self.shares))


@dataclass(frozen=True)
class Batch:
    """The tensors of a batch.

    Attributes:
        inputs: what the module takes, in its order.
        target: int64[batch, time] or float32[batch, time, feature].
        lengths: int64[batch], of the target; they stay in the memory of the CPU.
        links: the alignments of the rows, where they guide training.
        predictions: those of teachers, where there are any.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    lengths: Tensor
    links: Links | None = None
    predictions: Predictions | None = None

    def twice(self) -> Batch:
        """All rows, and all of them again behind."""
        inputs = tuple(_twice(value) for value in self.inputs)
        links = None if self.links is None else self.links.twice(len(self.lengths))
        predictions = None if self.predictions is None else self.predictions.twice()
        return Batch(inputs, _twice(self.target), _twice(self.lengths), links, predictions)


class Feeder:
    """Makes the batches of one model."""

    def __init__(self, model: Model) -> None:
        self.names = [given.name for given in model.inputs("teach")]
        self.pad = model.spec.special.pad
        kept = fields(model.spec).items()
        self.once = [name for name, field in kept if field.kind == "values"]
        self.sequences = [name for name, field in kept if field.kind != "values"]

    def __call__(self, rows: Sequence[Arrays]) -> Batch:
        """The batch of some rows."""
        arrays = collate([{n: row[n] for n in self.sequences} for row in rows], self.pad)
        arrays |= {name: np.stack([row[name] for row in rows]) for name in self.once}
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        inputs = tuple(tensors[name] for name in self.names)
        links = _links([row[ALIGNMENTS] for row in rows]) if ALIGNMENTS in rows[0] else None
        predictions = _predictions(rows) if SYMBOLS in rows[0] else None
        target, lengths = tensors["target"], tensors["target_length"]
        return Batch(inputs, target, lengths, links, predictions)

    def reading(self, batch: Batch, target: Tensor) -> Batch:
        """A batch whose decoder reads another target than the one it is to give."""
        place = self.names.index("target")
        return replace(batch, inputs=(*batch.inputs[:place], target, *batch.inputs[place + 1 :]))


def _twice(value: Tensor) -> Tensor:
    return torch.cat([value, value])


def _links(rows: Sequence[NDArray[np.int32]]) -> Links:
    """The links of each row: places of source and target in turn."""
    pairs = [links.reshape(-1, 2).astype(np.int64) for links in rows]
    numbers = np.repeat(np.arange(len(rows)), [len(links) for links in pairs])
    source, target = np.concatenate(pairs).T
    cells = numbers * (1 + target.max(initial=0)) + target
    _, which, counts = np.unique(cells, return_inverse=True, return_counts=True)
    shares = (1 / counts[which]).astype(np.float32)
    places = np.stack([numbers, target, source], axis=1)
    return Links(torch.from_numpy(places), torch.from_numpy(shares))


def _predictions(rows: Sequence[Arrays]) -> Predictions:
    """Those of each row, padded with symbols that are all different and shares of nothing."""
    most = max(len(row[SHARES]) for row in rows)
    kept = rows[0][SHARES].shape[1]
    symbols = np.tile(np.arange(kept), (len(rows), most, 1))
    shares = np.zeros((len(rows), most, kept), np.float32)
    for number, row in enumerate(rows):
        end = len(row[SHARES])
        symbols[number, :end] = row[SYMBOLS].reshape(end, kept)
        shares[number, :end] = row[SHARES]
    return Predictions(torch.from_numpy(symbols), torch.from_numpy(shares))
