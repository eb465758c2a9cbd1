"""Optimizers and learning rates, by the kinds of the spec."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import singledispatch

import torch
from torch import nn

from s2sgraph.spec.training import (
    Adam,
    AdamW,
    Cosine,
    InverseSquareRoot,
    Linear,
    Optimizer,
    Schedule,
    Sgd,
)


@singledispatch
def optimizer(kind: Optimizer, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a kind, for these weights."""
    raise TypeError(f"no optimizer for {type(kind).__name__}")


@optimizer.register
def _adam(kind: Adam, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(weights, kind.rate, kind.betas, kind.epsilon)


@optimizer.register
def _adamw(kind: AdamW, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    decay = kind.weight_decay
    return torch.optim.AdamW(weights, kind.rate, kind.betas, kind.epsilon, decay)


@optimizer.register
def _sgd(kind: Sgd, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(weights, kind.rate, kind.momentum)


def rate_at(schedule: Schedule, highest: float, step: int, steps: int) -> float:
    """The learning rate of update `step`, from 1 to `steps`: a pure function."""
    if step <= schedule.warmup:
        return highest * step / schedule.warmup
    return highest * factor(schedule, step, steps)


@singledispatch
def factor(schedule: Schedule, step: int, steps: int) -> float:
    """The share of the highest rate at an update after the warmup; 1 for a constant rate."""
    return 1.0


@factor.register
def _inverse_square_root(schedule: InverseSquareRoot, step: int, steps: int) -> float:
    return math.sqrt(schedule.warmup / step)


@factor.register
def _cosine(schedule: Cosine, step: int, steps: int) -> float:
    return (1 + math.cos(math.pi * _gone(schedule, step, steps))) / 2


@factor.register
def _linear(schedule: Linear, step: int, steps: int) -> float:
    return 1 - _gone(schedule, step, steps)


def _gone(schedule: Schedule, step: int, steps: int) -> float:
    """How much of the time between warmup and end is over before this update."""
    return (step - 1 - schedule.warmup) / max(steps - schedule.warmup, 1)
