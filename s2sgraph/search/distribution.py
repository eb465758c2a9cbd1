"""What symbols are drawn from: the model's own distribution, sharpened and cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s2sgraph.graph.loops import witness
from s2sgraph.graph.ops import (
    at_most,
    cumsum,
    div,
    exp,
    extent,
    greatest,
    integer,
    less,
    maximum,
    minimum,
    mul,
    number,
    select,
    sub,
    take,
    top,
    total,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.chunks import chunked, unchunked
from s2sgraph.search.counts import alone
from s2sgraph.search.settings import Number, is_off

COLD = 1e-6
"""The temperature from which on downwards the best symbol alone is left."""
FROZEN = 1e30
"""What differences of log-probabilities are multiplied by then: all but the best vanish."""
WIDE = 512
"""Symbols from which on they are searched in two steps: the chunk, and the place in it."""
CHUNK = 128
"""How long chunks are: what is drawn depends on it, for sums of chunks are rounded."""


@dataclass(frozen=True)
class Distribution:
    """What symbols are drawn from.

    The temperature comes first; then the `top_k` most likely symbols are kept; then the fewest
    that have a share of `top_p` of those (Holtzman 2020, section 3.1); then those that are at
    least `min_p` times as likely as the best (Nguyen 2024, section 3).

    Attributes:
        sharpness: 1 / temperature.
        alive: 0 where the temperature leaves the best symbol alone, else 1.
        top_k: how many symbols are kept; 0 is all.
        top_p: their share, above 0.
        min_p: how likely they are at least, compared to the best.
    """

    sharpness: Number
    alive: Number
    top_k: Number
    top_p: Number
    min_p: Number

    @staticmethod
    def of(settings: Mapping[str, Number]) -> Distribution:
        """The distribution that the settings of a search speak of; made before its loop."""
        said = [settings[name] for name in ("top_k", "top_p", "min_p")]
        temperature = settings["temperature"]
        if not isinstance(temperature, Value):
            return Distribution(1 / temperature, 1.0, *said)
        warm = less(COLD, temperature)
        sharpness = select(warm, div(1.0, maximum(temperature, COLD)), FROZEN)
        return Distribution(sharpness, number(warm), *said)

    def draw(self, chances: Value, noise: Value) -> Value:
        """The symbols drawn by noise in [0, 1), from log-probabilities `[…, symbol]`: `int[…]`.

        It is the inverse of the cumulative distribution: over the ids, or, where the best symbols
        have to be found anyway, over these from the most likely on, of equals the lower id first.
        A symbol far less likely than 2^-24 may never come.
        """
        noise = noise if is_off(self.alive, 1.0) else mul(noise, self.alive)
        if is_off(self.top_k, 0) and is_off(self.top_p, 1.0):
            return inverse(self._likely(self._weights(chances, "symbol")), noise, over="symbol")
        best, ids = top(chances, self._count(chances), over="symbol", into="rank")
        weights = self._weights(best, "rank")
        if not is_off(self.top_p, 1.0):
            sums = cumsum(weights, over="rank")
            share = mul(greatest(sums, over="rank"), maximum(self.top_p, COLD))
            weights = select(less(sums - weights, share), weights, 0.0)
        return take(ids, inverse(self._likely(weights), noise, over="rank"), over="rank")

    def _weights(self, chances: Value, over: str) -> Value:
        """Probabilities, but for a factor: that of the best symbol is one."""
        differences = sub(chances, greatest(chances, over=over))
        if is_off(self.sharpness, 1.0):
            return exp(differences)
        return exp(mul(differences, self.sharpness))

    def _likely(self, weights: Value) -> Value:
        if is_off(self.min_p, 0.0):
            return weights
        return select(at_most(minimum(self.min_p, 1.0), weights), weights, 0.0)

    def _count(self, chances: Value) -> Value:
        symbols = chances.size("symbol") or extent(witness("symbol"), over="symbol")
        if is_off(self.top_k, 0):
            return alone(symbols)
        count = minimum(self.top_k, symbols)
        if isinstance(self.top_k, Value):
            count = select(less(0, self.top_k), count, symbols)
        return alone(count)


def inverse(weights: Value, noise: Value, *, over: str) -> Value:
    """The place where the cumulative sum of weights exceeds the share `noise` of all: `int[…]`.

    From weights of at least zero, `[…, over]`, not all of them zero, and noise in [0, 1). Never
    is it a place of weight zero.
    """
    size = weights.size(over)
    if size is None or size <= WIDE:
        sums = cumsum(weights, over=over)
        return _beyond(sums, mul(greatest(sums, over=over), noise), over)
    parts = chunked(weights, over, CHUNK)
    shares = total(parts, over="place")
    sums = cumsum(shares, over="chunk")
    target = mul(greatest(sums, over="chunk"), noise)
    chunk = _beyond(sums, target, "chunk")
    before = take(sums, chunk, over="chunk") - take(shares, chunk, over="chunk")
    own = cumsum(take(parts, chunk, over="chunk"), over="place")
    # Sums of a chunk are rounded in two ways: what is looked for is kept within the chunk.
    last = mul(greatest(own, over="place"), 1 - 2**-24)
    place = _beyond(own, maximum(minimum(target - before, last), 0.0), "place")
    return unchunked(chunk, place, CHUNK)


def _beyond(sums: Value, target: Value, over: str) -> Value:
    """The first place with a sum above the target, which is below the last sum."""
    return total(integer(at_most(sums, target)), over=over)
