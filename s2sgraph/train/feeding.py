"""From rows to the tensors of one batch, in the order in which a module takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2sgraph.data import collate
from s2sgraph.model import Model
from s2sgraph.train.examples import Arrays, fields


@dataclass(frozen=True)
class Batch:
    """The tensors of a batch.

    Attributes:
        inputs: what the module takes, in its order.
        target: int64[batch, time] or float32[batch, time, feature].
        lengths: int64[batch], of the target.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    lengths: Tensor


class Feeder:
    """Makes the batches of one model."""

    def __init__(self, model: Model) -> None:
        self.names = [given.name for given in model.inputs("teach")]
        self.pad = model.spec.special.pad
        kept = fields(model.spec).items()
        self.once = [name for name, field in kept if field.kind == "values"]

    def __call__(self, rows: Sequence[Arrays]) -> Batch:
        """The batch of some rows."""
        sequences = [{n: v for n, v in row.items() if n not in self.once} for row in rows]
        arrays = collate(sequences, self.pad)
        arrays |= {name: np.stack([row[name] for row in rows]) for name in self.once}
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        inputs = tuple(tensors[name] for name in self.names)
        return Batch(inputs, tensors["target"], tensors["target_length"])
