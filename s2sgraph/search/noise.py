"""Noise: uniform numbers that depend on nothing but a seed, a step and the number of a sample."""

from __future__ import annotations

from s2sgraph.graph.ops import add, floordiv, mod, mul, number, outer, xor
from s2sgraph.graph.values import Value
from s2sgraph.search.counts import whole
from s2sgraph.search.settings import Number

WORD = 2**32
PARITY = 0x1BD11BDA
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ROUNDS = 20
GRAINS = 2**24
"""How many different numbers there are: all that single precision can tell apart below 1."""

Words = tuple[Value, Value]
"""Two integers in [0, 2^32)."""


def threefry(key: Words, counter: Words) -> Words:
    """Two random words for a key and a counter: Threefry-2x32 with 20 rounds.

    Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC. Axes that only
    one operand has are all kept. Every number on the way is below 2^61, so that engines whose
    integers are int64 and have no shifts compute it exactly.
    """
    keys = (*key, xor(xor(*key), PARITY))
    x, y = _sum(counter[0], keys[0]), _sum(counter[1], keys[1])
    for step in range(ROUNDS):
        x = _sum(x, y)
        y = xor(_rotated(y, ROTATIONS[step % len(ROTATIONS)]), x)
        if step % 4 == 3:
            n = step // 4 + 1
            x, y = _sum(x, keys[n % 3]), _sum(y, keys[(n + 1) % 3] + n)
    return x, y


def uniform(seed: Number, steps: Value, samples: Value) -> Value:
    """Numbers in [0, 1) for every step and every sample: `[step, sample]`.

    From any int64 as the seed, and the numbers of steps `int[step]` and samples `int[sample]`.
    They are multiples of 2^-24, and so the same in every precision.
    """
    key = mod(whole(seed), WORD), mod(floordiv(whole(seed), WORD), WORD)
    word, _ = threefry(key, (steps, samples))
    return mul(number(floordiv(word, WORD // GRAINS)), 1 / GRAINS)


def _sum(x: Value, y: Value) -> Value:
    return mod(outer(add, x, y), WORD)


def _rotated(x: Value, bits: int) -> Value:
    """The 32 bits of x, turned to the left."""
    shifted = mul(x, 2**bits)
    return mod(shifted, WORD) + floordiv(shifted, WORD)
