"""Optimizers and learning rates, by the kinds of the spec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import singledispatch

import torch
from torch import nn

from s2sgraph.spec.training import (
    Adafactor,
    Adam,
    AdamW,
    Cosine,
    InverseSquareRoot,
    Linear,
    Muon,
    Optimizer,
    Plateau,
    Schedule,
    Sgd,
)
from s2sgraph.train import muon
from s2sgraph.train.processes import Processes

Trained = Mapping[nn.Parameter, int]
"""The weights that are trained, and how many matrices, one below the other, each is; 0 if none."""


@singledispatch
def optimizer(kind: Optimizer, weights: Trained, processes: Processes) -> torch.optim.Optimizer:
    """The optimizer of a kind, for these weights, which the processes train together."""
    raise TypeError(f"no optimizer for {type(kind).__name__}")


@optimizer.register
def _adam(kind: Adam, weights: Trained, _: Processes) -> torch.optim.Optimizer:
    return torch.optim.Adam([*weights], kind.rate, kind.betas, kind.epsilon, fused=True)


@optimizer.register
def _adamw(kind: AdamW, weights: Trained, _: Processes) -> torch.optim.Optimizer:
    decay = kind.weight_decay
    return torch.optim.AdamW([*weights], kind.rate, kind.betas, kind.epsilon, decay, fused=True)


@optimizer.register
def _sgd(kind: Sgd, weights: Trained, _: Processes) -> torch.optim.Optimizer:
    return torch.optim.SGD([*weights], kind.rate, kind.momentum, fused=True)


@optimizer.register
def _adafactor(kind: Adafactor, weights: Trained, _: Processes) -> torch.optim.Optimizer:
    return torch.optim.Adafactor(
        [*weights], kind.rate, kind.decay, d=kind.limit, weight_decay=kind.weight_decay
    )


@optimizer.register
def _muon(kind: Muon, weights: Trained, processes: Processes) -> torch.optim.Optimizer:
    settings = kind.rate, kind.momentum, kind.betas, kind.epsilon, kind.weight_decay
    return muon.Muon(weights, processes, *settings)


def rate_at(schedule: Schedule, highest: float, step: int, steps: int, falls: int = 0) -> float:
    """The learning rate of update `step`, from 1 to `steps`: a pure function.

    A plateau's rate has fallen `falls` times.
    """
    if step <= schedule.warmup:
        return highest * step / schedule.warmup
    if isinstance(schedule, Plateau):
        return highest * schedule.factor**falls
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


def by_name(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """What an optimizer keeps of each weight, as `PATH:KEY`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{path}:{key}": value
        for number, path in enumerate(_paths(module, optimizer))
        for key, value in state.get(number, {}).items()
        if value is not None
    }


def restore(
    module: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> None:
    """Let an optimizer go on from what `by_name` gave of another of its kind."""
    numbers = {path: n for n, path in enumerate(_paths(module, optimizer))}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        path, _, key = name.rpartition(":")
        state.setdefault(numbers[path], {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _paths(module: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """The path of each weight, in the order of the optimizer."""
    paths = {id(weight): path for path, weight in module.named_parameters()}
    return [paths[id(w)] for group in optimizer.param_groups for w in group["params"]]


def _gone(schedule: Schedule, step: int, steps: int) -> float:
    """How much of the time between warmup and end is over before this update."""
    return (step - 1 - schedule.warmup) / max(steps - schedule.warmup, 1)
