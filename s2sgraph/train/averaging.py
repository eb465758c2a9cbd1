"""Means of the weights over time, by the kinds of the spec."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from functools import singledispatch
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from s2sgraph.spec.training import Average, Ema, Newest

Tensors = dict[str, Tensor]


class Averaging(ABC):
    """A mean of the weights of one module."""

    @abstractmethod
    def updated(self) -> None:
        """The weights were updated."""

    @abstractmethod
    def validated(self) -> None:
        """The mean as it is was validated."""

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """A module with the mean at this moment as its weights; to be read only."""

    @abstractmethod
    def state(self) -> Tensors:
        """All that a checkpoint has to keep."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what a checkpoint kept, when the module itself has its weights."""


@singledispatch
def averaging(kind: Average, module: nn.Module) -> Averaging:
    """The mean of a kind, of the weights of a module."""
    raise TypeError(f"no mean for {type(kind).__name__}")


class Forgetting(Averaging):
    """The exponential mean, by torch."""

    def __init__(self, decay: float, module: nn.Module) -> None:
        self.source = module
        follow = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.mean = AveragedModel(module, multi_avg_fn=follow)

    def updated(self) -> None:
        """The mean moves towards the weights; the first time it is set to them."""
        self.mean.update_parameters(self.source)

    def validated(self) -> None:
        """Nothing changes."""

    @property
    def module(self) -> nn.Module:
        """The module of the mean."""
        return self.mean.module

    def state(self) -> Tensors:
        """The mean, and of how many updates it is."""
        return cast(Tensors, self.mean.state_dict())

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a mean."""
        self.mean.load_state_dict(tensors)


class OfNewest(Averaging):
    """The mean of the weights as they are and at the validations before."""

    def __init__(self, count: int, module: nn.Module) -> None:
        self.source, self.count = module, count
        self.kept: list[Tensors] = []
        self._mean = deepcopy(module)

    def updated(self) -> None:
        """Nothing changes."""

    def validated(self) -> None:
        """The weights of this moment are kept, the oldest go."""
        now = {path: weight.clone() for path, weight in self._now().items()}
        self.kept = [*self._before(), now][-self.count :]

    @property
    def module(self) -> nn.Module:
        """The module of the mean."""
        weights = [*self._before(), self._now()][-self.count :]
        self._mean.load_state_dict(
            {path: torch.stack([w[path] for w in weights]).mean(0) for path in weights[0]}
        )
        return self._mean

    def _now(self) -> Tensors:
        return {path: weight.detach() for path, weight in self.source.state_dict().items()}

    def _before(self) -> list[Tensors]:
        """What is kept, without the weights of this moment if they were just validated."""
        now = self._now()
        just = self.kept and all(torch.equal(now[path], w) for path, w in self.kept[-1].items())
        return self.kept[:-1] if just else self.kept

    def state(self) -> Tensors:
        """All weights that the mean is of, the oldest first."""
        return {
            f"{number}.{path}": weight
            for number, weights in enumerate(self.kept)
            for path, weight in weights.items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from weights that were kept."""
        count = 1 + max((int(name.partition(".")[0]) for name in tensors), default=-1)
        self.kept = [{} for _ in range(count)]
        for name, weight in tensors.items():
            number, _, path = name.partition(".")
            self.kept[int(number)][path] = weight


@averaging.register
def _ema(kind: Ema, module: nn.Module) -> Averaging:
    return Forgetting(kind.decay, module)


@averaging.register
def _newest(kind: Newest, module: nn.Module) -> Averaging:
    return OfNewest(kind.count, module)
