"""Functions that the generated module calls where torch has no single one of that meaning.

They are named functions of this module, never lambdas, so that a generated module can be pickled, copied and printed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Number = Tensor | float | int | bool


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


def norm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Layer normalisation over the last dimension."""
    return F.layer_norm(x, scale.shape, scale, bias, epsilon)


def root_mean_square(x: Tensor, scale: Tensor, epsilon: float) -> Tensor:
    """RMS normalisation over the last dimension."""
    return F.rms_norm(x, scale.shape, scale, epsilon)


def cover(x: Tensor, axis: int, value: float) -> Tensor:
    """x with one place along an axis if it has none."""
    if x.size(axis):
        return x
    shape = list(x.shape)
    shape[axis] = 1
    return x.new_full(shape, value)


def head(x: Tensor, count: Number, axis: int) -> Tensor:
    """The first places along an axis."""
    return x.narrow(axis, 0, min(int(count), x.size(axis)))


def all_but_last(x: Tensor, axis: int) -> Tensor:
    """All places along an axis but the last."""
    return x.narrow(axis, 0, x.size(axis) - 1)


# -- attention and recurrences ------------------------------------------------------------


def attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    causal: bool,
    rate: float,
    training: bool,
) -> Tensor:
    """Scaled dot-product attention by torch's kernel: query `[…, rows, key]`, keys `[…, over, key]`."""
    live = rate if training else 0.0
    return F.scaled_dot_product_attention(
        query, keys, values, attn_mask=mask, dropout_p=live, is_causal=causal
    )


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of an LSTM: its output and its state, `[rows, feature]`."""
    h, c = torch.lstm_cell(x, (h, c), w, u, bias, torch.zeros_like(bias))
    return h, h, c


def gru_step(
    x: Tensor, h: Tensor, w: Tensor, u: Tensor, bias: Tensor, state_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """One step of a GRU whose reset follows the product: its output and its state, `[rows, feature]`."""
    h = torch.gru_cell(x, h, w, u, bias, state_bias)
    return h, h


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
    """An LSTM over x `[time, rows, feature]`: outputs, final state and cell.

    A sentence ends at its own length: outputs behind it are zero, final values are those at its last place.
    """
    parameters = [w, u, bias, torch.zeros_like(bias)]
    if length is None:
        x = x.flip(0) if reverse else x
        y, last, cell = torch.lstm(
            x, (h[None], c[None]), parameters, True, 1, 0.0, False, False, False
        )
        return (y.flip(0) if reverse else y), last[0], cell[0]
    turned = turning(x, length) if reverse else None
    x = x if turned is None else turn(x, turned)
    if final_cell and int(length.min()) < x.size(0):
        packed = pack_padded_sequence(x, length.clamp(min=1).cpu(), enforce_sorted=False)
        order = packed.sorted_indices
        state = (h[None].index_select(1, order), c[None].index_select(1, order))
        data, last, cell = torch.lstm(
            packed.data, packed.batch_sizes, state, parameters, True, 1, 0.0, False, False
        )
        y = pad_packed_sequence(packed._replace(data=data), total_length=x.size(0))[0]
        last, cell = (
            last[0].index_select(0, packed.unsorted_indices),
            cell[0].index_select(0, packed.unsorted_indices),
        )
    else:
        y, _, cell = torch.lstm(
            x, (h[None], c[None]), parameters, True, 1, 0.0, False, False, False
        )
        last, cell = at_end(y, length), cell[0]
    own = (length > 0)[:, None]
    y = within(y, length)
    return (
        (y if turned is None else turn(y, turned)),
        torch.where(own, last, h),
        torch.where(own, cell, c),
    )


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
    """A GRU over x `[time, rows, feature]`: outputs and final state, each sentence to its own length."""
    parameters = [w, u, bias, state_bias]
    turned = turning(x, length) if reverse and length is not None else None
    if turned is not None:
        x = turn(x, turned)
    elif reverse:
        x = x.flip(0)
    y, last = torch.gru(x, h[None], parameters, True, 1, 0.0, False, False, False)
    return _ended(y, last[0], h, length, turned, reverse)


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
    """A simple recurrence over x `[time, rows, feature]`: outputs and final state."""
    parameters = [w, u, bias, torch.zeros_like(bias)]
    turned = turning(x, length) if reverse and length is not None else None
    if turned is not None:
        x = turn(x, turned)
    elif reverse:
        x = x.flip(0)
    run = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
    y, last = run(x, h[None], parameters, True, 1, 0.0, False, False, False)
    return _ended(y, last[0], h, length, turned, reverse)


def _ended(
    y: Tensor, last: Tensor, h: Tensor, length: Tensor | None, turned: Tensor | None, reverse: bool
) -> tuple[Tensor, Tensor]:
    if length is None:
        return (y.flip(0) if reverse else y), last
    last = torch.where((length > 0)[:, None], at_end(y, length), h)
    y = within(y, length)
    return (y if turned is None else turn(y, turned)), last


def turning(x: Tensor, length: Tensor) -> Tensor:
    """Where each place of `[time, rows, …]` goes when each sentence is turned round within its own length."""
    place = torch.arange(x.size(0), device=x.device)[:, None]
    return torch.where(place < length, length - 1 - place, place)


def turn(x: Tensor, index: Tensor) -> Tensor:
    """x `[time, rows, feature]` with the places of each sentence in another order."""
    return x.gather(0, index[:, :, None].expand(-1, -1, x.size(2)))


def at_end(y: Tensor, length: Tensor) -> Tensor:
    """The output at the last own place: `[rows, feature]`."""
    last = (length.clamp(min=1) - 1)[None, :, None].expand(1, -1, y.size(2))
    return y.gather(0, last)[0]


def within(y: Tensor, length: Tensor) -> Tensor:
    """y with zeros behind each sentence's end."""
    live = torch.arange(y.size(0), device=y.device)[:, None] < length
    return y * live[:, :, None]


# -- repetition ---------------------------------------------------------------------------


def scan(
    body: Module,
    xs: Sequence[Tensor],
    states: Sequence[Tensor],
    captured: Sequence[Tensor],
    results: int,
    reverse: bool,
) -> tuple[Tensor, ...]:
    """The body at every place of sequences `[time, …]`: stacked results, then the states after the last place."""
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
    body: Module, trips: Number, states: Sequence[Tensor], captured: Sequence[Tensor], count: int
) -> tuple[Tensor, ...]:
    """The body until it is finished, once at least: the states after the last step, then stacked results."""
    columns: list[tuple[Tensor, ...]] = []
    device = states[0].device if states else None
    for number in range(max(int(trips), 1)):
        finished, *found = body.forward(torch.tensor(number, device=device), *states, *captured)
        states = found[:count]
        columns.append(tuple(found[count:]))
        if bool(finished):
            break
    return (*states, *(torch.stack(column) for column in zip(*columns, strict=True)))
