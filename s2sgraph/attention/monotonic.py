"""Monotonic attention: from step to step it only moves forward through the source (Raffel 2017)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from s2sgraph.attention.windows import Window
from s2sgraph.graph import trace
from s2sgraph.graph.composed import vector
from s2sgraph.graph.loops import carry, renew, spread
from s2sgraph.graph.ops import (
    and_,
    at_most,
    cumsum,
    equal,
    exp,
    less,
    log,
    maximum,
    noisy,
    number,
    places,
    select,
    sigmoid,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Initial, Value

LEAST = 1e-10
"""What chances are clipped at where one divides by them or takes their logarithm."""


class Monotonic(Window, kind="monotonic"):
    """Each step looks on from the place of the step before, and stops at one place or at none.

    It stops at place j with the chance `p_j = sigmoid(score_j + r)`. Training and scoring compute
    the expected weights (Raffel 2017, eq. 8 to 10). Decoding stops at the first place from the
    last one on where `score_j + r > 0`. A step that stops nowhere has a zero context, and so have
    the steps after it. The weights add up to the chance of having stopped, at most to 1.

    Attributes:
        offset: what the trained number r starts at: the longer the sources, the lower.
        noise: standard deviation of the noise on the scores in training, which makes the chances
            settle near 0 and 1, as decoding takes them (2.5).
    """

    keeps: ClassVar[bool] = True

    offset: Annotated[float, Field(ge=-100, le=100)] = -1.0
    noise: Annotated[float, Field(ge=0, le=100)] = 1.0

    def shares(self, scores: Value, mask: Value, lead: Type, over: str) -> Value:
        """The expected weights or, in decoding, 1 at the place that is chosen: `[…, source]`."""
        energy = scores + vector("offset", Initial("constant", self.offset))
        first = number(equal(places(mask, over=over), 0))
        before = carry(spread(first, lead))
        if trace.mode() == "decode":
            weights = chosen(energy, mask, before, over)
        else:
            if self.noise and trace.mode() == "train":
                energy = noisy(energy, deviation=self.noise)
            weights = expected(energy, mask, before, over)
        renew(before, weights)
        return weights


def expected(energy: Value, mask: Value, before: Value, over: str) -> Value:
    """The expected weights, from those of the step before: `[…, source]`.

    `a_j = p_j q_j sum_{k <= j} before_k / q_k`, where `q_j` is the product of `1 - p_k` over all
    k < j. Products are sums of logarithms, as in the paper's appendix.
    """
    stop = select(mask, sigmoid(energy), 0.0)
    # sigmoid(-x) is 1 - sigmoid(x) without the loss of small numbers
    go_on = log(maximum(select(mask, sigmoid(energy * -1.0), 1.0), LEAST))
    passed = exp(cumsum(go_on, over=over) - go_on)
    return stop * passed * cumsum(before / maximum(passed, LEAST), over=over)


def chosen(energy: Value, mask: Value, before: Value, over: str) -> Value:
    """1 at the first place that may be chosen, from the last choice `before` on: `[…, source]`."""
    may = number(and_(mask, less(0.0, energy))) * cumsum(before, over=over)
    return select(at_most(cumsum(may, over=over), 1.0), may, 0.0)
