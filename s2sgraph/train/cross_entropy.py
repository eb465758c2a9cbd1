"""Cross entropy with label smoothing and its gradient, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from s2sgraph.train.chunks import chunks, precise


@dataclass(frozen=True)
class TargetDistribution:
    """What the model should predict at places of the target.

    `1 - smoothing` is on the truth, the rest is spread evenly over the other symbols of the
    vocabulary without padding.

    Attributes:
        truth: int64[place].
        pad: the padding symbol, which has no share; neither have places where it is the truth.
        smoothing: from 0 to 1.
        symbols: size of the vocabulary; symbols of the logits beyond it have no share but as truth.
    """

    truth: Tensor
    pad: int
    smoothing: float
    symbols: int

    def __getitem__(self, chunk: slice) -> TargetDistribution:
        return TargetDistribution(self.truth[chunk], self.pad, self.smoothing, self.symbols)

    @property
    def padding(self) -> Tensor:
        """bool[place]: places that have no loss."""
        return self.truth == self.pad

    @property
    def known(self) -> Tensor:
        """bool[place]: whether the truth is one of the vocabulary."""
        return self.truth < self.symbols

    @property
    def others(self) -> Tensor:
        """int64[place]: how many symbols share the rest."""
        return self.symbols - 1 - self.known.long()

    @property
    def share(self) -> Tensor:
        """float64[place]: of each of them."""
        return self.smoothing / self.others.clamp_min(1).double()


def cross_entropy(logits: Tensor, target: TargetDistribution) -> Tensor:
    """The cross entropy of `logits` [place, symbol], summed over all places; float32 or finer."""
    total: Tensor = _CrossEntropy.apply(logits, target)  # type: ignore[no-untyped-call]
    return total


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: TargetDistribution) -> Tensor:
        normalizers, losses = [], []
        for chunk in chunks(logits):
            normalizer, loss = _losses(precise(logits[chunk]), target[chunk])
            normalizers.append(normalizer)
            losses.append(loss)
        ctx.target = target
        ctx.save_for_backward(logits, torch.cat(normalizers))
        return torch.cat(losses).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, normalizers = ctx.saved_tensors
        found = torch.empty_like(logits)
        for chunk in chunks(logits):
            each = _gradient(precise(logits[chunk]), normalizers[chunk], ctx.target[chunk])
            torch.mul(each, gradient, out=found[chunk])
        return found, None


def _losses(logits: Tensor, target: TargetDistribution) -> tuple[Tensor, Tensor]:
    """The logarithm of the sum of what the logits are logarithms of, and the loss; [place]."""
    greatest = logits.amax(1, keepdim=True)
    normalizer = ((logits - greatest).exp_().sum(1, keepdim=True).log_() + greatest)[:, 0]
    own = logits.gather(1, target.truth[:, None])[:, 0] - normalizer
    loss = (target.smoothing - 1) * own
    if target.smoothing:
        others = logits[:, : target.symbols].sum(1) - target.symbols * normalizer
        others -= logits[:, target.pad] - normalizer + torch.where(target.known, own, 0.0)
        loss -= target.share.to(own.dtype) * others
    return normalizer, loss.masked_fill_(target.padding, 0.0)


def _gradient(logits: Tensor, normalizer: Tensor, target: TargetDistribution) -> Tensor:
    """The gradient of the loss, [place, symbol]: probabilities less those of the target."""
    share = target.share.to(logits.dtype)
    taken = share.new_full(share.shape, target.smoothing - 1)
    if target.smoothing:
        # The target sums to 1, but not in a vocabulary where nothing shares the rest.
        normalizer = normalizer - (1 - target.smoothing + share * target.others).log()
        taken += torch.where(target.known, share, 0.0)
    found = (logits - normalizer[:, None]).exp_()
    if target.smoothing:
        found[:, : target.symbols] -= share[:, None]
        found[:, target.pad] += share
    found.scatter_add_(1, target.truth[:, None], taken[:, None])
    return found.index_fill_(0, target.padding.nonzero()[:, 0], 0.0)
