"""Windows: the places of the memory that one step of attention sees (Luong 2015)."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.memory import Memory
from s2sgraph.graph.composed import glorot, linear, masked_softmax, position, vector
from s2sgraph.graph.loops import spread
from s2sgraph.graph.ops import (
    and_,
    at_most,
    dot,
    exp,
    mul,
    number,
    outer,
    places,
    sigmoid,
    sub,
    tanh,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Size

Seen = tuple[Value | None, Value | None]
"""The places that are seen, None for all; a factor of the weights, None for 1: `[…, source]`."""


class Window(Kind, family="window"):
    """The places of the memory that one step sees; positions count from 0.

    Attributes:
        keeps: True where a step needs the weights of the step before.
    """

    keeps: ClassVar[bool] = False

    def seen(self, query: Value, memory: Memory, over: str) -> Seen:
        """What a query `[…, feature]` sees; `over` is the axis of its steps."""
        return None, None

    def shares(self, scores: Value, mask: Value, lead: Type, over: str) -> Value:
        """The weights of the places where the mask holds, from their scores `[…, source]`.

        `lead` is the type of a step, `over` the axis of the source.
        """
        return masked_softmax(scores, mask, over=over)


class GlobalWindow(Window, kind="global"):
    """All places."""


class LocalWindow(Window, main="width"):
    """`[p - width, p + width]` around a centre p; the softmax runs over the window only.

    Attributes:
        width: D, the places on each side of the centre.
    """

    width: Size = 10

    def within(self, centre: Value, memory: Memory) -> tuple[Value, Value]:
        """Which own places are near the centre `[…]`, and how far all are: `[…, source]`."""
        place = number(places(memory.values, over=memory.axis))
        distance = outer(sub, place, centre)
        near = and_(at_most(distance, float(self.width)), at_most(-1.0 * self.width, distance))
        return outer(and_, near, memory.mask), distance


class LocalMonotonic(LocalWindow, kind="local_m", main="width"):
    """The centre is the step: `p_t = t`."""

    def seen(self, query: Value, memory: Memory, over: str) -> Seen:
        """The places around the step's own number."""
        return self.within(number(position(query, over=over)), memory)[0], None


class LocalPredictive(LocalWindow, kind="local_p", main="width"):
    """The centre is predicted: `p_t = S * sigmoid(v . tanh(W s_t))`, S the sentence's own length.

    Weights are multiplied by `exp(-(j - p_t)^2 / (2 (width/2)^2))` after the softmax.

    Attributes:
        size: rows of W; by default the size of the query.
    """

    size: Size | None = None

    def seen(self, query: Value, memory: Memory, over: str) -> Seen:
        """The places around the predicted centre, and a bell over them (Luong 2015, eq. 9, 10)."""
        size = self.size or query.number("feature")
        hidden = tanh(linear("centre", query, unit=size))
        score = vector("centre_score", glorot(size, 1), unit=size)
        share = sigmoid(dot(hidden, score, over=("unit",)))
        centre = mul(share, spread(number(memory.length), share.type))
        near, distance = self.within(centre, memory)
        return near, exp(distance * distance * (-2.0 / self.width**2))
