"""Losses: a sum over the places of a batch and how many places it is over, padding left out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.sides import FeatureTarget
from s2sgraph.train.cross_entropy import TargetDistribution, cross_entropy

Outputs = dict[str, Tensor]


class Total(NamedTuple):
    """The sum of a loss over so many places of the target."""

    sum: Tensor
    places: int


class Loss(Protocol):
    """A loss of what a module gives for a batch."""

    def __call__(self, outputs: Outputs, target: Tensor, lengths: Tensor) -> Total:
        """The loss of `target`, int64[batch, time] or float32[batch, time, feature].

        `lengths`, int64[batch], are those of the target, and stay in the memory of the CPU.
        """
        ...


class CrossEntropy:
    """Cross entropy of the target tokens that are not padding, with label smoothing.

    Of the target distribution, `1 - smoothing` is on the truth and the rest is spread evenly over
    the other symbols; the padding symbol has no part in it: eps / (V - 1), where V counts the
    symbols without padding. Nor have words that are no `symbols` of the vocabulary, which models
    that copy have besides: how many there are depends on the batch.
    """

    def __init__(self, pad: int, smoothing: float = 0.0, symbols: int | None = None) -> None:
        self.pad, self.smoothing, self.symbols = pad, smoothing, symbols

    def __call__(self, outputs: Outputs, target: Tensor, lengths: Tensor) -> Total:
        """From `logits` [batch, time, symbol], of any precision."""
        logits = outputs["logits"].flatten(0, 1)
        symbols = logits.shape[1] if self.symbols is None else self.symbols
        distribution = TargetDistribution.of_truth(
            target.flatten(), self.pad, self.smoothing, symbols
        )
        return Total(cross_entropy(logits, distribution), int(lengths.sum()))


class FrameLoss(ABC):
    """A loss of frames, mean over the features, each divided by its standard deviation.

    Where the spec normalizes the target, errors count in units of the standard deviation: else a
    feature of large numbers would be all that is learned.
    """

    def __init__(self, standard: tuple[float, ...] | None = None) -> None:
        self.unit = torch.tensor(standard) if standard else torch.tensor(1.0)

    def error(self, outputs: Outputs, target: Tensor) -> Tensor:
        """The error of every number in its unit, [batch, time, feature]."""
        return (outputs["frames"] - target) / self.unit.to(target.device)

    @abstractmethod
    def of(self, outputs: Outputs, target: Tensor) -> Tensor:
        """The loss of every number, [batch, time, feature]."""

    def __call__(self, outputs: Outputs, target: Tensor, lengths: Tensor) -> Total:
        """From `frames` [batch, time, feature]."""
        places = torch.arange(target.shape[1]) < lengths[:, None]
        live = places.to(target.device)
        each = self.of(outputs, target).mean(2)
        return Total(torch.where(live, each, 0.0).sum(), int(lengths.sum()))


class SquaredError(FrameLoss):
    """Mean squared error."""

    def of(self, outputs: Outputs, target: Tensor) -> Tensor:
        """The squared error of every number."""
        return self.error(outputs, target).square()


class AbsoluteError(FrameLoss):
    """Mean absolute error."""

    def of(self, outputs: Outputs, target: Tensor) -> Tensor:
        """The absolute error of every number."""
        return self.error(outputs, target).abs()


class Gaussian(FrameLoss):
    """Negative logarithm of a normal density, its mean and deviation given by the model."""

    # A density without limit would be a loss without limit.
    least = 1e-6

    def of(self, outputs: Outputs, target: Tensor) -> Tensor:
        """-log N(target; frames, deviations), in normalized units."""
        deviation = (outputs["deviations"] / self.unit.to(target.device)).clamp_min(self.least)
        error = self.error(outputs, target) / deviation
        return error.square() / 2 + deviation.log() + math.log(2 * math.pi) / 2


FRAME_LOSSES: dict[str, type[FrameLoss]] = {
    "mse": SquaredError,
    "mae": AbsoluteError,
    "gaussian": Gaussian,
}


def loss_of(model: Model, smoothing: float = 0.0) -> Loss:
    """The loss that a model is trained with."""
    target = model.spec.target
    if not isinstance(target, FeatureTarget):
        return CrossEntropy(model.spec.special.pad, smoothing, model.symbols["target"])
    output = _output(model)
    kind = "gaussian" if getattr(output, "kind", "") == "gaussian" else getattr(output, "loss", "")
    return FRAME_LOSSES[kind](target.normalize.standard if target.normalize else None)


def _output(model: Model) -> Layer:
    layers = (node.layer for node in model.layers.nodes.values())
    return next(layer for layer in layers if layer.word == "output")
