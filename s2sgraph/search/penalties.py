"""Penalties: what hypotheses are ranked by besides their log-probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from s2sgraph.graph.ops import div, exp, log, maximum, minimum, mul, number, select, total
from s2sgraph.graph.values import Value
from s2sgraph.search.settings import Number, is_off
from s2sgraph.spec.kinds import Kind

Exponent = Annotated[float, Field(ge=0, le=10)]
UNSEEN = 1e-10
"""The least that a place of the source counts as attended to, whose logarithm is taken."""


class LengthPenalty(Kind, family="length_penalty"):
    """What the log-probability of a hypothesis is divided by, from its length with the end symbol.

    All kinds are `((offset + length) / (offset + 1)) ** alpha`.
    """

    @property
    def form(self) -> tuple[float, float]:
        """Alpha and offset."""
        return 0.0, 0.0


class NoPenalty(LengthPenalty, kind="none"):
    """Hypotheses are ranked by their log-probability."""


class Average(LengthPenalty, kind="average"):
    """By the mean log-probability of their symbols."""

    @property
    def form(self) -> tuple[float, float]:
        """Alpha and offset."""
        return 1.0, 0.0


class Power(LengthPenalty, kind="power"):
    """By log-probability / length ** alpha."""

    alpha: Exponent = 0.6

    @property
    def form(self) -> tuple[float, float]:
        """Alpha and offset."""
        return self.alpha, 0.0


class Gnmt(LengthPenalty, kind="gnmt"):
    """By log-probability / ((5 + length) / 6) ** alpha (Wu 2016, eq. 14)."""

    alpha: Exponent = 0.6

    @property
    def form(self) -> tuple[float, float]:
        """Alpha and offset."""
        return self.alpha, 5.0


@dataclass(frozen=True)
class LengthRank:
    """Ranks log-probabilities by length, as `LengthPenalty` says.

    Attributes:
        alpha: the exponent.
        offset: what is added to a length.
    """

    alpha: Number
    offset: Number

    def __call__(self, scores: Value, length: Value) -> Value:
        """What log-probabilities count, for hypotheses of these lengths, `int`: at least 1."""
        if is_off(self.alpha, 0.0):
            return scores
        longer = maximum(number(length), 1.0) + self.offset
        share = longer if is_off(self.offset, 0.0) else div(longer, self._first())
        return div(scores, share if is_off(self.alpha, 1.0) else exp(mul(log(share), self.alpha)))

    def _first(self) -> Number:
        return self.offset + 1.0


def coverage_penalty(beta: Number, attended: Value, mask: Value) -> Value:
    """`beta * sum_j log(min(sum_t a_tj, 1))` (Wu 2016, eq. 14), at most zero: `[batch, beam]`.

    From how much each place was attended to in all, `[batch, beam, source]`, and which places
    there are, `bool[batch, source]`. A place never attended to counts as `UNSEEN`.
    """
    (over,) = (axis for axis in mask.axes if axis != "batch")
    share = log(minimum(maximum(attended, UNSEEN), 1.0))
    return mul(total(select(mask, share, 0.0), over=over), beta)
