"""R-Drop: what two passes with different dropout predict should agree (Liang 2021)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from s2sgraph.train.auxiliary_loss import AuxiliaryLoss
from s2sgraph.train.chunks import chunks, precise
from s2sgraph.train.feeding import Batch
from s2sgraph.train.loss import Outputs


class RDrop(AuxiliaryLoss):
    """The divergence of each of two passes from the other (Liang 2021, eq. 2).

    The paper adds the losses of both passes; here a loss is their mean, so that it is that of one
    place. With half of the paper's `alpha` the objective is then half of the paper's (eq. 4).
    """

    name = "r_drop_loss"
    passes = 2

    def __init__(self, alpha: float) -> None:
        self.weight = alpha / 2

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """KL(own, other), summed over the places of both passes.

        From `logits` [batch, time, symbol] of a batch that holds its rows twice.
        """
        first, second = outputs["logits"].chunk(2)
        rows, places = first.shape[:2]
        live = (torch.arange(places) < batch.lengths[:rows, None]).flatten().to(first.device)
        return divergence(first.flatten(0, 1), second.flatten(0, 1), live)


def divergence(first: Tensor, second: Tensor, live: Tensor) -> Tensor:
    """KL(p, q) + KL(q, p), summed over places; float32 or finer.

    p and q are the distributions that `first` and `second` [place, symbol] are logits of; `live`,
    bool[place], says which places count.
    """
    total: Tensor = _Divergence.apply(first, second, live)  # type: ignore[no-untyped-call]
    return total


class _Divergence(torch.autograd.Function):
    """The sum over symbols of (p - q) (log p - log q), chunk by chunk."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, live: Tensor) -> Tensor:
        found = []
        for chunk in chunks(first):
            p, q, ratio = _compared(first[chunk], second[chunk], live[chunk])
            found.append(((p - q) * ratio).sum())
        ctx.save_for_backward(first, second, live)
        return torch.stack(found).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        first, second, live = ctx.saved_tensors
        found = torch.empty_like(first), torch.empty_like(second)
        for chunk in chunks(first):
            p, q, ratio = _compared(first[chunk], second[chunk], live[chunk])
            apart = p - q
            forth = p * (ratio - (p * ratio).sum(1, keepdim=True)) + apart
            back = q * ((q * ratio).sum(1, keepdim=True) - ratio) - apart
            for each, into in zip((forth, back), found, strict=True):
                torch.mul(each, gradient, out=into[chunk])
        return *found, None


def _compared(first: Tensor, second: Tensor, live: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """p, q and log(p / q), [place, symbol]; all zero at places that do not count."""
    logs = precise(first).log_softmax(1), precise(second).log_softmax(1)
    p, q = (log.exp().mul_(live[:, None]) for log in logs)
    return p, q, logs[0] - logs[1]
