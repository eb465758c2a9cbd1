"""Repeated calls of a body: over the places of sequences, or until it is finished."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .tensors import Number


def scan(
    body: nn.Module,
    xs: Sequence[Tensor],
    states: Sequence[Tensor],
    captured: Sequence[Tensor],
    results: int,
    reverse: bool,
) -> tuple[Tensor, ...]:
    """The body at every place of sequences `[time, …]`.

    Returns its stacked `results`, then the states after the last place. The body is also given the
    `captured` values, the same at every place.
    """
    step = body.forward
    columns: list[tuple[Tensor, ...]] = []
    rows = list(zip(*(x.unbind(0) for x in xs), strict=True))
    for row in reversed(rows) if reverse else rows:
        found = step(*row, *states, *captured)
        columns.append(found[:results])
        states = found[results:]
    if reverse:
        columns.reverse()
    return (*(torch.stack(column) for column in zip(*columns, strict=True)), *states)


def loop(
    body: nn.Module, trips: Number, states: Sequence[Tensor], captured: Sequence[Tensor], count: int
) -> tuple[Tensor, ...]:
    """The body until it is finished, at most `trips` times, but once at least.

    Returns the `count` states after the last step, then the stacked results.
    """
    columns: list[tuple[Tensor, ...]] = []
    device = states[0].device if states else None
    for number in range(max(int(trips), 1)):
        finished, *found = body.forward(torch.tensor(number, device=device), *states, *captured)
        states = found[:count]
        columns.append(tuple(found[count:]))
        if bool(finished):
            break
    return (*states, *(torch.stack(column) for column in zip(*columns, strict=True)))
