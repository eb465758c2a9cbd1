"""Sampling written out in plain Python: the noise, what is drawn from, and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PAD, BOS, EOS = 0, 1, 2
WORD = 2**32
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def noise(seed: int, step: int, sample: int) -> float:
    """A number in [0, 1): the upper 24 bits of the first word of Threefry-2x32-20."""
    low, high = seed % WORD, seed // WORD % WORD
    keys = [low, high, 0x1BD11BDA ^ low ^ high]
    x, y = (step + low) % WORD, (sample + high) % WORD
    for i in range(20):
        x = (x + y) % WORD
        turn = ROTATIONS[i % 8]
        y = ((y << turn | y >> 32 - turn) % WORD) ^ x
        if i % 4 == 3:
            n = i // 4 + 1
            x, y = (x + keys[n % 3]) % WORD, (y + keys[(n + 1) % 3] + n) % WORD
    return (x >> 8) / 2**24


@dataclass(frozen=True)
class Drawing:
    """What is drawn from; `by_rank` is whether it is searched from the most likely symbol on."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    by_rank: bool = False

    def shares(self, chances: np.ndarray) -> list[tuple[int, float]]:
        """The symbols that may be drawn and their probabilities, in the order of the search."""
        chances = np.array(chances, float)
        chances[[PAD, BOS]] = -np.inf
        if self.temperature == 0:
            return [(int(chances.argmax()), 1.0)]
        warm = chances / self.temperature
        weights = np.exp(warm - warm.max())
        found = [(int(i), float(weights[i])) for i in np.argsort(-chances, kind="stable")]
        if self.top_k:
            found = found[: self.top_k]
        whole, before, kept = sum(w for _, w in found), 0.0, []
        for symbol, weight in found:
            if before < self.top_p * whole and weight > 0:
                kept.append((symbol, weight))
            before += weight
        kept = [(symbol, weight) for symbol, weight in kept if weight >= self.min_p]
        if not (self.by_rank or self.top_k or self.top_p < 1):
            kept.sort()
        whole = sum(weight for _, weight in kept)
        return [(symbol, weight / whole) for symbol, weight in kept]

    def draw(self, chances: np.ndarray, number: float) -> int:
        """The symbol at which the sum of the probabilities exceeds a number."""
        shares = self.shares(chances)
        for i, (symbol, _) in enumerate(shares):
            if math.fsum(share for _, share in shares[: i + 1]) > number:
                return symbol
        return shares[-1][0]


def sampled(
    step: Callable, drawing: Drawing, seed: int, sample: int, limit: int, *, ends: bool = True
) -> tuple[list[int], list[float]]:
    """The symbols of one sample, and the model's own log-probability of each."""
    tokens: list[int] = []
    scores: list[float] = []
    while len(tokens) < limit and not (ends and EOS in tokens):
        chances = step([tuple(tokens)])[0][0]
        tokens.append(drawing.draw(chances, noise(seed, len(tokens), sample)))
        scores.append(float(chances[tokens[-1]]))
    return tokens, scores
