"""Whether counts may have been drawn from given probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def surprise(counts: Sequence[int], chances: Sequence[float]) -> float:
    """Pearson's chi-square of counts, as the standard normal deviate that is as unlikely.

    Above 3.1 it comes once in a thousand (Wilson & Hilferty 1931). Counts where the chance is zero
    must be zero; those expected less than five times are taken together.
    """
    counts, chances = np.asarray(counts, float), np.asarray(chances, float)
    assert not counts[chances == 0].any()
    expected = chances / chances.sum() * counts.sum()
    rare = expected < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    counts, expected = counts[expected > 0], expected[expected > 0]
    free = len(counts) - 1
    assert free > 0
    x = ((counts - expected) ** 2 / expected).sum()
    spread = 2 / (9 * free)
    return float(((x / free) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))
