"""Auxiliary losses: what is added to the loss of the target."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from s2sgraph.train.feeding import Batch
from s2sgraph.train.loss import Outputs


class AuxiliaryLoss(ABC):
    """A loss beside that of the target.

    Attributes:
        name: what the log calls it.
        weight: what it is multiplied by where it is added to the loss of the target.
        output: the output that the module must give for it, besides those that it always gives.
        passes: how often each row is fed: once, or twice with draws of dropout of its own each.
    """

    name: str
    weight: float
    output: str | None = None
    passes: int = 1

    @abstractmethod
    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The sum over the places of the target; the batch is where the outputs are."""
