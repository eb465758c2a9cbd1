"""The loss of distillation: how far a student's predictions are from its teachers'."""

from __future__ import annotations

import torch
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.spec.distillation import Distillation as Settings
from s2sgraph.train.auxiliary_loss import AuxiliaryLoss
from s2sgraph.train.cross_entropy import TargetDistribution, cross_entropy
from s2sgraph.train.feeding import Batch
from s2sgraph.train.loss import Outputs


class Distillation(AuxiliaryLoss):
    """The divergence KL(teachers, student), times the square of the temperature.

    (Hinton 2015, section 2; Kim and Rush 2016, eq. 5, at the symbols that the teachers find most
    likely.)
    """

    name = "distillation_loss"

    def __init__(self, model: Model, settings: Settings) -> None:
        self.weight, self.temperature = settings.weight, settings.temperature
        self.pad, self.symbols = model.spec.special.pad, model.symbols["target"]

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """From `logits` [batch, time, symbol] and the predictions that the batch has."""
        assert batch.predictions is not None
        logits = outputs["logits"].flatten(0, 1)
        if self.temperature != 1:
            logits = logits / self.temperature
        named, shares = (value.flatten(0, 1) for value in batch.predictions)
        others = self.symbols - 1 - (named < self.symbols).sum(1)
        rest = (1 - shares.sum(1)).clamp_min(0) / others.clamp_min(1)
        width = batch.target.shape[1]
        live = (torch.arange(width) < batch.lengths[:, None]).flatten().to(logits.device)
        target = TargetDistribution(named, shares, rest, live, self.pad, self.symbols)
        divergence = cross_entropy(logits, target) - target.entropy.sum()
        return divergence * self.temperature**2
