"""Cross entropy with label smoothing and its gradient, a few places at a time.

Logits are what is largest in a training with a large vocabulary. Computed at once, their
logarithms, what is left without padding and the gradients of both are each as large again, and on
CPUs most of the time goes into fetching that memory. Part by part all of it stays in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

PART = 2**18
"""Numbers of a part: 1 MiB in float32, less than the cache that a core has for itself."""


@dataclass(frozen=True)
class Wanted:
    """The distribution that is wanted at places of the target.

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

    def __getitem__(self, part: slice) -> Wanted:
        return Wanted(self.truth[part], self.pad, self.smoothing, self.symbols)

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


def cross_entropy(logits: Tensor, wanted: Wanted) -> Tensor:
    """The cross entropy of `logits` [place, symbol], summed over all places; float32 or finer."""
    total: Tensor = _CrossEntropy.apply(logits, wanted)  # type: ignore[no-untyped-call]
    return total


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, wanted: Wanted) -> Tensor:
        normalizers, losses = [], []
        for part in _parts(logits):
            normalizer, loss = _losses(_precise(logits[part]), wanted[part])
            normalizers.append(normalizer)
            losses.append(loss)
        ctx.wanted = wanted
        ctx.save_for_backward(logits, torch.cat(normalizers))
        return torch.cat(losses).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, normalizers = ctx.saved_tensors
        found = torch.empty_like(logits)
        for part in _parts(logits):
            each = _gradient(_precise(logits[part]), normalizers[part], ctx.wanted[part])
            torch.mul(each, gradient, out=found[part])
        return found, None


def _parts(logits: Tensor) -> Iterator[slice]:
    """Spans of places; one of all where memory is quick and starting a computation is not."""
    places, symbols = logits.shape
    step = max(PART // symbols, 1) if logits.device.type == "cpu" else max(places, 1)
    for start in range(0, max(places, 1), step):
        yield slice(start, start + step)


def _precise(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _losses(logits: Tensor, wanted: Wanted) -> tuple[Tensor, Tensor]:
    """The logarithm of the sum of what the logits are logarithms of, and the loss; [place]."""
    greatest = logits.amax(1, keepdim=True)
    normalizer = ((logits - greatest).exp_().sum(1, keepdim=True).log_() + greatest)[:, 0]
    own = logits.gather(1, wanted.truth[:, None])[:, 0] - normalizer
    loss = (wanted.smoothing - 1) * own
    if wanted.smoothing:
        others = logits[:, : wanted.symbols].sum(1) - wanted.symbols * normalizer
        others -= logits[:, wanted.pad] - normalizer + torch.where(wanted.known, own, 0.0)
        loss -= wanted.share.to(own.dtype) * others
    return normalizer, loss.masked_fill_(wanted.padding, 0.0)


def _gradient(logits: Tensor, normalizer: Tensor, wanted: Wanted) -> Tensor:
    """The gradient of the loss, [place, symbol]: probabilities less the wanted ones."""
    share = wanted.share.to(logits.dtype)
    taken = share.new_full(share.shape, wanted.smoothing - 1)
    if wanted.smoothing:
        # All that is wanted is 1, but in a vocabulary where nothing shares the rest.
        normalizer = normalizer - (1 - wanted.smoothing + share * wanted.others).log()
        taken += torch.where(wanted.known, share, 0.0)
    found = (logits - normalizer[:, None]).exp_()
    if wanted.smoothing:
        found[:, : wanted.symbols] -= share[:, None]
        found[:, wanted.pad] += share
    found.scatter_add_(1, wanted.truth[:, None], taken[:, None])
    return found.index_fill_(0, wanted.padding.nonzero()[:, 0], 0.0)
