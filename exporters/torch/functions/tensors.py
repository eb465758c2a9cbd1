"""Functions of tensors that torch has not as one of that meaning."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

Number = Tensor | float
STEPS = 2**16
"""Steps of a rate of dropout."""


def maximum(x: Number, y: Number) -> Tensor:
    """The greater of two, number or tensor."""
    return torch.maximum(torch.as_tensor(x), torch.as_tensor(y))


def minimum(x: Number, y: Number) -> Tensor:
    """The smaller of two, number or tensor."""
    return torch.minimum(torch.as_tensor(x), torch.as_tensor(y))


def shaped(x: Tensor, *shape: int) -> Tensor:
    """The tensor in another shape; a size of -2 stands for the size that x has there."""
    return x.reshape([x.size(i) if size == -2 else size for i, size in enumerate(shape)])


def gather(table: Tensor, index: Tensor) -> Tensor:
    """Entries of a table by their number along its first dimension."""
    return (
        F.embedding(index, table)
        if table.dim() == 2 and table.is_floating_point()
        else table[index]
    )


def iota(count: Number) -> Tensor:
    """0, 1, 2, … as many as a number says."""
    device = count.device if isinstance(count, Tensor) else None
    return torch.arange(int(count), device=device)


def which(x: Tensor) -> Tensor:
    """The places `[places]` where x `[n]` is true."""
    return x.nonzero().flatten()


def top(x: Tensor, count: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The greatest along a dimension, greatest first; of equals, the first."""
    number = int(count)
    values, index = torch.topk(x, number, axis)
    # `topk` promises no order among equals: if there are any that matter, sort.
    last = values.narrow(axis, number - 1, 1)
    as_great = (x >= last).sum(axis)
    repeated = (values.diff(dim=axis) == 0).any()
    if repeated or (as_great > number).any():
        values, index = torch.sort(x, dim=axis, descending=True, stable=True)
        return values.narrow(axis, 0, number), index.narrow(axis, 0, number)
    return values, index


def scatter_add(x: Tensor, index: Tensor, values: Tensor) -> Tensor:
    """The rows of x `[rows, over]` with values `[rows, place]` added where the index says."""
    return x.scatter_add(1, index, values.to(x.dtype))


def scatter_least(x: Tensor, index: Tensor, values: Tensor) -> Tensor:
    """The rows of x `[rows, over]`, or values `[rows, place]` where the index says, if smaller."""
    return x.scatter_reduce(1, index, values, "amin")


def noisy(x: Tensor, deviation: float, training: bool) -> Tensor:
    """In training, x plus normal noise of that standard deviation."""
    return x + deviation * torch.randn_like(x) if training else x


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """In training, zero with that chance, and what remains grows so that the mean stays.

    torch draws a number of 32 bits for each element on CPUs, one after the other, which can take a
    tenth of a training. 16 bits of the same generator do: the rate is that of the nearest
    multiple of 2**-16.
    """
    if not training or x.device.type != "cpu" or torch.compiler.is_compiling():
        return F.dropout(x, rate, training)
    dropped = min(round(rate * STEPS), STEPS - 1)
    words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[: x.numel()].view(x.shape) >= dropped - STEPS // 2
    return x * kept.to(x.dtype).mul_(STEPS / (STEPS - dropped))


def norm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Layer normalisation over the last dimension."""
    return F.layer_norm(x, scale.shape, scale, bias, epsilon)


def root_mean_square(x: Tensor, scale: Tensor, epsilon: float) -> Tensor:
    """RMS normalisation over the last dimension."""
    return F.rms_norm(x, scale.shape, scale, epsilon)


def cover(x: Tensor, axis: int, value: float) -> Tensor:
    """At least one place along an axis: x itself, or else one of `value`."""
    if x.size(axis):
        return x
    shape = list(x.shape)
    shape[axis] = 1
    return x.new_full(shape, value)


def head(x: Tensor, count: Number, axis: int) -> Tensor:
    """The first `count` places along an axis, or all if there are fewer."""
    # A view of all would cost as much in its gradient as one of a part.
    return x if int(count) >= x.size(axis) else x.narrow(axis, 0, int(count))


def all_but_last(x: Tensor, axis: int) -> Tensor:
    """All places along an axis but the last."""
    return x.narrow(axis, 0, x.size(axis) - 1)
