"""Functions that the generated module calls where torch has no single one of that meaning.

They are named functions of this module, never lambdas, so that a generated module can be pickled,
copied and printed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn import functional as F

Number = Tensor | float
PLAIN = (True, 1, 0.0, False, False, False)
"""A recurrence with biases, of one layer, no dropout, not training, one direction, time first."""
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
    """Scaled dot-product attention by torch's kernel: `[…, rows, value]`.

    From a query `[…, rows, key]`, keys `[…, over, key]`, values `[…, over, value]` and a mask that
    is broadcast against `[…, rows, over]`.
    """
    live = rate if training else 0.0
    if query.is_cpu and torch.is_autocast_enabled("cpu"):
        # In bfloat16 the gradient of torch's kernel takes many times as long as in float32.
        with torch.autocast("cpu", enabled=False):
            found = attend(
                query.float(), keys.float(), values.float(), mask, causal, rate, training
            )
        return found.to(query.dtype)
    return F.scaled_dot_product_attention(
        query, keys, values, attn_mask=mask, dropout_p=live, is_causal=causal
    )


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
    x, turned = faced(x, length, reverse)
    y, last = torch.gru(x, h[None], [w, u, bias, state_bias], *PLAIN)
    return ended(y, last[0], h, length, turned, reverse)


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
    x, turned = faced(x, length, reverse)
    run = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
    y, last = run(x, h[None], [w, u, bias, torch.zeros_like(bias)], *PLAIN)
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


# -- repetition ---------------------------------------------------------------------------


def scan(
    body: Module,
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
    body: Module, trips: Number, states: Sequence[Tensor], captured: Sequence[Tensor], count: int
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
