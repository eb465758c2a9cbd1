"""What layers are written with: trained maps, norms, masked softmax, attention."""

from __future__ import annotations

import math

from s2sgraph.graph import trace
from s2sgraph.graph.composite import composite
from s2sgraph.graph.loops import filled, step_number
from s2sgraph.graph.ops import (
    at_most,
    const,
    dot,
    dropout,
    gelu,
    greatest,
    norm,
    outer,
    places,
    relu,
    rename,
    root_mean_square,
    select,
    sigmoid,
    softmax,
    split,
    swish,
    tanh,
)
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Initial, Value

HIDDEN = -1e9
"""The score of a place that must not be seen: its share is exactly zero in single precision."""

ZEROS = Initial("constant", 0.0)
ONES = Initial("constant", 1.0)


def glorot(inputs: int, outputs: int) -> Initial:
    """Uniform in ±sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010)."""
    return Initial("uniform", math.sqrt(6 / (inputs + outputs)))


def linear(
    name: str,
    x: Value,
    *,
    over: tuple[str, ...] = ("feature",),
    bias: str | None = None,
    initial: Initial | None = None,
    **into: int,
) -> Value:
    """A trained map from the axes `over` of x to the axes `into`; all other axes of x ride along.

    The weight is stored `[into, over]` as in torch.nn.Linear; `bias` names the weight `[into]` that
    is added, if any. Without `initial` the weight starts as `glorot` says, the bias at zero.
    """
    # An axis that x has already is first made under another name.
    fresh = {(f"{axis}'" if axis in x.axes else axis): size for axis, size in into.items()}
    start = initial or glorot(math.prod(x.number(axis) for axis in over), math.prod(into.values()))
    dims = (*((axis, x.size(axis)) for axis in over), *fresh.items())
    out = tuple(fresh)
    y = dot(x, weight(name, Type("float", dims), layout=(out, over), initial=start), over=over)
    if bias is not None:
        y = y + weight(bias, Type("float", dims[len(over) :]), layout=(out,), initial=ZEROS)
    back = {new: axis for new, axis in zip(fresh, into, strict=True) if new != axis}
    return rename(y, **back) if back else y


def vector(name: str, initial: Initial, **dims: int) -> Value:
    """A trained vector with these axes; a trained number without any."""
    return weight(name, Type("float", tuple(dims.items())), initial=initial)


def layer_norm(name: str, x: Value, *, bias: str | None = None, epsilon: float = 1e-5) -> Value:
    """Layer normalisation over `feature` (Ba 2016), its weights called `name` and `bias`.

    The bias is called `NAME_bias` unless said otherwise.
    """
    size = x.number("feature")
    scale, shift = (
        vector(name, ONES, feature=size),
        vector(bias or f"{name}_bias", ZEROS, feature=size),
    )
    return norm(x, scale, shift, over="feature", epsilon=epsilon)


def rms_norm(name: str, x: Value, *, epsilon: float = 1e-6) -> Value:
    """RMS normalisation over `feature`, with weight `NAME` (Zhang & Sennrich 2019)."""
    return root_mean_square(
        x, vector(name, ONES, feature=x.number("feature")), over="feature", epsilon=epsilon
    )


def activate(kind: str, x: Value) -> Value:
    """An activation by its name: one of `ACTIVATIONS`, `none`, or `maxout`.

    `maxout` takes the greater of two neighbours and halves `feature` (Goodfellow 2013).
    """
    if kind == "none":
        return x
    if kind == "maxout":
        halves = (("feature'", x.number("feature") // 2), ("piece", 2))
        pieces = split(x, axis="feature", into=halves)
        return rename(greatest(pieces, over="piece"), **{"feature'": "feature"})
    return ACTIVATIONS[kind](x)


ACTIVATIONS = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid, "gelu": gelu, "swish": swish}


def dropped(x: Value, rate: float) -> Value:
    """Dropout while training, x itself otherwise and at a rate of zero."""
    return dropout(x, rate=rate) if rate and trace.mode() == "train" else x


def dropped_places(x: Value, rate: float) -> Value:
    """Dropout of whole vectors, each by itself, while training (Sennrich 2016)."""
    if not rate or trace.mode() != "train":
        return x
    return x * dropped(filled(x.type.without("feature").dims, value=1.0), rate)


def masked_softmax(x: Value, mask: Value, *, over: str) -> Value:
    """Softmax over the places where the mask holds.

    Where it holds nowhere the shares are uniform, so mask the result, or the values.
    """
    return softmax(select(mask, x, HIDDEN), over=over)


def position(x: Value, *, over: str) -> Value:
    """Where along an axis we are: `int[over]`, all places of x; or `int`, the step of the loop."""
    return places(x, over=over) if over in x.axes else step_number()


def attend(
    query: Value,
    keys: Value,
    values: Value,
    mask: Value | None,
    *,
    over: str,
    causal: str = "",
    rate: float = 0.0,
) -> tuple[Value, Value]:
    """Scaled dot-product attention (Vaswani 2017, eq. 1): the values attended to, and the shares.

    From a query `[batch, …, head, key]`, keys `[batch, over, head, key]`, values
    `[batch, over, head, value]` and a mask `bool[batch, over]`: `[batch, …, head, value]` and
    `[batch, …, head, over]`. With `causal` naming the query's axis of time, no place looks beyond
    itself. `rate` is the dropout of the shares while training. ShapeError if the query has the axis
    that is attended over.
    """
    if over in query.axes:
        raise ShapeError(
            f"the query has the axis {over!r} that is attended over; "
            "rename it in the keys, the values and the mask"
        )

    def body(query: Value, keys: Value, values: Value, *masks: Value) -> tuple[Value, Value]:
        scores = dot(query * query.number("key") ** -0.5, keys, over=("key",))
        if masks:
            scores = select(masks[0], scores, HIDDEN)
        if causal:
            seen = outer(at_most, places(keys, over=over), places(query, over=causal))
            scores = select(seen, scores, HIDDEN)
        shares = softmax(scores, over=over)
        weights = select(masks[0], shares, 0.0) if masks else shares
        return dot(dropped(shares, rate), values, over=(over,)), weights

    masks = () if mask is None else (mask,)
    live = rate if trace.mode() == "train" else 0.0
    operands = (query, keys, values, *masks)
    return composite("attend", body, operands, over=over, causal=causal, rate=live)


def constant_vector(numbers: tuple[float, ...]) -> Value:
    """Given numbers along `feature`: `[feature]`."""
    return const(value=tuple(map(float, numbers)), dtype="float", axes=("feature",))
