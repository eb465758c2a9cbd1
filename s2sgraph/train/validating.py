"""Validation: figures of the development data, by which the best weights are chosen."""

from __future__ import annotations

import math

import torch
from torch import nn

from s2sgraph.data import Batches
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.processes import Processes

Figures = dict[str, float]


class Validation:
    """Measures a module on the development data.

    Attributes:
        best_by: the figure by which the best weights are chosen; less is better.
    """

    best_by = "loss"

    def __init__(self, loss: BatchLoss, batches: Batches, processes: Processes) -> None:
        self.loss, self.batches, self.processes = loss, batches, processes

    def __call__(self, module: nn.Module, step: int) -> Figures:
        """The figures after an update, by name; the same on every process.

        Raises:
            TrainingError: the loss is not a finite number.
        """
        module.eval()
        with torch.no_grad():
            figures = {"loss": self._loss(module)}
        if not math.isfinite(figures["loss"]):
            message = f"the development loss after step {step} is {figures['loss']}"
            raise TrainingError(f"{message}; try a lower train.optimizer.rate")
        return figures

    def better(self, figures: Figures, best: float | None) -> bool:
        """Whether figures are better than the best so far."""
        return best is None or figures[self.best_by] < best

    def _loss(self, module: nn.Module) -> float:
        """The mean loss of every place."""
        rank, count = self.processes.rank, self.processes.count
        total, places = 0.0, 0
        for rows in self.batches.in_order()[rank::count]:
            found = self.loss(module, rows)
            total, places = total + found.sum.item(), places + found.places
        total, every = self.processes.sum([total, places])
        return total / max(every, 1)
