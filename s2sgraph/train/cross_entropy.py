"""Cross entropy with a distribution over symbols and its gradient, chunk by chunk."""

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

    A few symbols have shares of their own; each other symbol of the vocabulary has the same one,
    and the padding symbol has none.

    Attributes:
        named: int64[place, named]: the symbols that have shares of their own, all different.
        shares: float[place, named].
        rest: float[place]: the share of each other symbol; None is nothing.
        live: bool[place]: places that have a loss.
        pad: the padding symbol.
        symbols: size of the vocabulary; symbols of the logits beyond it have no share unless named.
    """

    named: Tensor
    shares: Tensor
    rest: Tensor | None
    live: Tensor
    pad: int
    symbols: int

    @classmethod
    def of_truth(
        cls, truth: Tensor, pad: int, smoothing: float, symbols: int
    ) -> TargetDistribution:
        """`1 - smoothing` is on the truth, int64[place], and the rest is on all other symbols.

        Places where the truth is the padding symbol have no loss.
        """
        shares = truth.new_full((len(truth), 1), 1 - smoothing, dtype=torch.float64)
        others = symbols - 1 - (truth < symbols).long()
        rest = smoothing / others.clamp_min(1).double() if smoothing else None
        return cls(truth[:, None], shares, rest, truth != pad, pad, symbols)

    def __getitem__(self, chunk: slice) -> TargetDistribution:
        rest = None if self.rest is None else self.rest[chunk]
        parts = self.named[chunk], self.shares[chunk], rest, self.live[chunk]
        return TargetDistribution(*parts, self.pad, self.symbols)

    @property
    def known(self) -> Tensor:
        """bool[place, named]: whether a named symbol is one of the vocabulary."""
        return self.named < self.symbols

    @property
    def others(self) -> Tensor:
        """int64[place]: how many symbols are not named."""
        return self.symbols - 1 - self.known.sum(1)

    @property
    def entropy(self) -> Tensor:
        """float[place]: the least that a cross entropy with it can be; 0 where there is no loss."""
        found = torch.special.entr(self.shares).sum(1)
        if self.rest is not None:
            found = found + self.others * torch.special.entr(self.rest)
        return torch.where(self.live, found, 0.0)


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
    own = logits.gather(1, target.named) - normalizer[:, None]
    loss = -(target.shares.to(own.dtype) * own).sum(1)
    if target.rest is not None:
        others = logits[:, : target.symbols].sum(1) - target.symbols * normalizer
        others -= logits[:, target.pad] - normalizer + torch.where(target.known, own, 0.0).sum(1)
        loss -= target.rest.to(own.dtype) * others
    return normalizer, loss.masked_fill_(~target.live, 0.0)


def _gradient(logits: Tensor, normalizer: Tensor, target: TargetDistribution) -> Tensor:
    """The gradient of the loss, [place, symbol]: probabilities less those of the target."""
    taken = target.shares
    if target.rest is not None:
        # The target sums to 1, but not in a vocabulary where nothing shares the rest.
        whole = target.shares.sum(1) + target.rest * target.others
        normalizer = normalizer - whole.log().to(normalizer.dtype)
        taken = taken - torch.where(target.known, target.rest[:, None], 0.0)
    found = (logits - normalizer[:, None]).exp_()
    if target.rest is not None:
        share = target.rest.to(found.dtype)
        found[:, : target.symbols] -= share[:, None]
        found[:, target.pad] += share
    found.scatter_add_(1, target.named, -taken.to(found.dtype))
    return found.index_fill_(0, target.live.logical_not().nonzero()[:, 0], 0.0)
