"""RNN, LSTM and GRU by torch's kernels: one step, or all of sentences of their own lengths."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional as F

PLAIN = (True, 1, 0.0, False, False, False)
"""A recurrence with biases, of one layer, no dropout, not training, one direction, time first."""
Function = TypeVar("Function", bound=Callable[..., Any])


def as_it_is(function: Function) -> Function:
    """A function that torch.compile calls and does not look into.

    Its recurrent kernels do not come through compilation whole. The word for it is asked for at
    the call, since it takes a second to import.
    """

    @functools.wraps(function)
    def call(*arguments: Any, **settings: Any) -> Any:
        if torch.compiler.is_compiling():
            disable: Callable[..., Any] = torch.compiler.disable
            return disable(function)(*arguments, **settings)
        return function(*arguments, **settings)

    return cast("Function", call)


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of an LSTM: its output and its state, `[rows, feature]`."""
    h, c = torch.lstm_cell(x, (h, c), w, u, bias, None)
    return h, h, c


def gru_step(
    x: Tensor, h: Tensor, w: Tensor, u: Tensor, bias: Tensor, state_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """One step of a GRU, reset after the product: its output and its state, `[rows, feature]`."""
    h = torch.gru_cell(x, h, w, u, bias, state_bias)
    return h, h


@as_it_is
def lstm(
    x: Tensor,
    length: Tensor | None,
    h: Tensor,
    c: Tensor,
    w: Tensor,
    u: Tensor,
    bias: Tensor,
    reverse: bool,
    final_cell: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM over x `[time, rows, feature]`: outputs, final state and cell `[rows, feature]`.

    A sentence ends at its own length: outputs behind it are zero, final values are those at its
    last place. The final cell is right only if `final_cell` asks for it, since that is slower.
    """
    parameters = [w, u, bias, torch.zeros_like(bias)]
    x, turned = faced(x, length, reverse)
    if length is not None and final_cell and int(length.min()) < x.size(0):
        few = 4 * len(set(length.tolist())) <= x.size(0)
        y, last, cell = (lstm_to_lengths if few else lstm_packed)(x, length, h, c, parameters)
        return (y if turned is None else turn(y, turned)), last, cell
    y, last, cell = torch.lstm(x, (h[None], c[None]), parameters, *PLAIN)
    y, last = ended(y, last[0], h, length, turned, reverse)
    return y, last, cell[0]


def lstm_packed(
    x: Tensor, length: Tensor, h: Tensor, c: Tensor, parameters: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs of an LSTM, and its state and cell after each sentence's own last place.

    The kernel runs step by step, which is the best for rows of many lengths.
    """
    own = length.clamp(min=1)
    order = own.argsort(descending=True)
    place = torch.arange(x.size(0), device=x.device)[:, None]
    within_own = place < own[order]
    # By time, and at each time by length: where every place of a sentence stands in x.
    packed = (place * x.size(1) + order)[within_own]
    sizes = within_own.sum(1).cpu()
    state = (h[None].index_select(1, order), c[None].index_select(1, order))
    data, last, cell = torch.lstm(
        x.flatten(0, 1).index_select(0, packed),
        sizes[sizes > 0],
        state,
        parameters,
        *PLAIN[:5],  # packed data need not say which dimension is time
    )
    y = data.new_zeros(x.size(0) * x.size(1), data.size(1)).index_copy(0, packed, data)
    y, back = y.view(*x.shape[:2], -1), order.argsort()
    last, cell = last[0].index_select(0, back), cell[0].index_select(0, back)
    if int(length.min()) > 0:
        return y, last, cell
    live = (length > 0)[:, None]
    return y * live, torch.where(live, last, h), torch.where(live, cell, c)


def lstm_to_lengths(
    x: Tensor, length: Tensor, h: Tensor, c: Tensor, parameters: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs of an LSTM, and its state and cell after each sentence's own last place.

    Longest first, the kernel runs from one end of a sentence to the next with the rows that are
    still going on: as many calls as there are lengths, which is the best where they are few.
    """
    order = length.argsort(descending=True)
    x, h, c = x[:, order], h[order], c[order]
    ends = length[order].tolist()
    start, outputs = 0, []
    states: list[Tensor] = []
    cells: list[Tensor] = []
    for end in sorted({end for end in ends if end > 0}):
        live = sum(other >= end for other in ends)
        states.insert(0, h[live:])
        cells.insert(0, c[live:])
        state = (h[None, :live], c[None, :live])
        y, h, c = torch.lstm(x[start:end, :live], state, parameters, *PLAIN)
        outputs.append(F.pad(y, (0, 0, 0, len(ends) - live)))
        start, h, c = end, h[0], c[0]
    outputs.append(x.new_zeros(x.size(0) - start, len(ends), h.size(1)))
    back = order.argsort()
    last, cell = torch.cat([h, *states]), torch.cat([c, *cells])
    return torch.cat(outputs)[:, back], last[back], cell[back]


@as_it_is
def gru(
    x: Tensor,
    length: Tensor | None,
    h: Tensor,
    w: Tensor,
    u: Tensor,
    bias: Tensor,
    state_bias: Tensor,
    reverse: bool,
) -> tuple[Tensor, Tensor]:
    """A GRU over x `[time, rows, feature]`: outputs, and final state `[rows, feature]`.

    A sentence ends at its own length, as in `lstm`.
    """
    return run(torch.gru, x, length, h, [w, u, bias, state_bias], reverse)


@as_it_is
def rnn(
    x: Tensor,
    length: Tensor | None,
    h: Tensor,
    w: Tensor,
    u: Tensor,
    bias: Tensor,
    reverse: bool,
    activation: str,
) -> tuple[Tensor, Tensor]:
    """A simple recurrence over x `[time, rows, feature]`: outputs, and final state.

    A sentence ends at its own length, as in `lstm`.
    """
    kernel = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
    return run(kernel, x, length, h, [w, u, bias, torch.zeros_like(bias)], reverse)


def run(
    kernel: Callable[..., tuple[Tensor, Tensor]],
    x: Tensor,
    length: Tensor | None,
    h: Tensor,
    parameters: list[Tensor],
    reverse: bool,
) -> tuple[Tensor, Tensor]:
    """One of torch's kernels whose state is its output: outputs, and final state."""
    x, turned = faced(x, length, reverse)
    y, last = kernel(x, h[None], parameters, *PLAIN)
    return ended(y, last[0], h, length, turned, reverse)


def faced(x: Tensor, length: Tensor | None, reverse: bool) -> tuple[Tensor, Tensor | None]:
    """What a recurrence reads: x, turned round in reverse, each sentence within its own length.

    With it, where the places of each sentence have gone; None without lengths, or forward.
    """
    if not reverse:
        return x, None
    if length is None:
        return x.flip(0), None
    place = torch.arange(x.size(0), device=x.device)[:, None]
    turned = torch.where(place < length, length - 1 - place, place)
    return turn(x, turned), turned


def ended(
    y: Tensor, last: Tensor, h: Tensor, length: Tensor | None, turned: Tensor | None, reverse: bool
) -> tuple[Tensor, Tensor]:
    """Outputs in the order of x, zero behind each sentence's end, and the state at that end."""
    if length is None:
        return (y.flip(0) if reverse else y), last
    last = torch.where((length > 0)[:, None], at_end(y, length), h)
    y = within(y, length)
    return (y if turned is None else turn(y, turned)), last


def turn(x: Tensor, index: Tensor) -> Tensor:
    """The places `[time, rows]` of each sentence of x `[time, rows, feature]`, in that order."""
    return x.gather(0, index[:, :, None].expand(-1, -1, x.size(2)))


def at_end(y: Tensor, length: Tensor) -> Tensor:
    """The output at the last own place: `[rows, feature]`."""
    last = (length.clamp(min=1) - 1)[None, :, None].expand(1, -1, y.size(2))
    return y.gather(0, last)[0]


def within(y: Tensor, length: Tensor) -> Tensor:
    """Outputs `[time, rows, feature]` with zeros behind each sentence's end."""
    live = torch.arange(y.size(0), device=y.device)[:, None] < length
    return y * live[:, :, None]
