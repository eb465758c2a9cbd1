"""Validation: figures of the development data, by which the best weights are chosen."""

from __future__ import annotations

import math

import torch
from torch import nn

from s2sgraph.data import Batches
from s2sgraph.evaluating import Evaluation
from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.samples import Likelihood
from s2sgraph.runtime import ModelError
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.evaluating import Evaluator
from s2sgraph.train.processes import Processes

Figures = dict[str, float]


class Validation:
    """Measures a module on the development data.

    Attributes:
        best_by: the figure by which the best weights are chosen.
        latest: what was decoded at the latest validation; None on other processes than the first.
    """

    def __init__(
        self, loss: BatchLoss, batches: Batches, processes: Processes, evaluator: Evaluator
    ) -> None:
        self.loss, self.batches, self.processes = loss, batches, processes
        self.evaluator, self.best_by = evaluator, evaluator.best_by.label
        self.latest: Evaluation | None = None

    def __call__(self, module: nn.Module, step: int) -> Figures:
        """The figures after an update, by name; the same on every process.

        Raises:
            TrainingError: the loss is not a finite number, or the data cannot be decoded.
        """
        module.eval()
        with torch.no_grad():
            found = self._likelihood(module)
        loss = found.loss / max(found.places, 1)
        if not math.isfinite(loss):
            message = f"the development loss after step {step} is {loss}"
            raise TrainingError(f"{message}; try a lower train.optimizer.rate")
        try:
            return {"loss": loss, **self._decoded(module, found)}
        except (ModelError, MetricError) as error:
            message = f"the development data cannot be decoded after step {step}: {error}"
            raise TrainingError(message) from None

    def better(self, figures: Figures, best: float | None) -> bool:
        """Whether figures are better than the best so far."""
        found = figures.get(self.best_by)
        if found is None or best is None:
            return found is not None
        return found > best if self.evaluator.best_by.rises else found < best

    def _decoded(self, module: nn.Module, likelihood: Likelihood) -> Figures:
        """The figures of answers, which the first process decodes; those that are finite."""
        labels = [m.label for m in self.evaluator.metrics if m.label != "loss"]
        if not labels:
            return {}
        values = [0.0] * len(labels)
        if self.processes.first:
            weights = {path: weight.detach() for path, weight in module.named_parameters()}
            self.latest = self.evaluator(weights, likelihood)
            values = [self.latest.figures[label].value for label in labels]
        values = self.processes.sum(values)
        return {n: v for n, v in zip(labels, values, strict=True) if math.isfinite(v)}

    def _likelihood(self, module: nn.Module) -> Likelihood:
        """The loss of every place."""
        rank, count = self.processes.rank, self.processes.count
        total, places = 0.0, 0
        for rows in self.batches.in_order()[rank::count]:
            found = self.loss(module, rows)
            total, places = total + found.sum.item(), places + found.places
        total, every = self.processes.sum([total, places])
        return Likelihood(total, int(every))
