"""Errors of frames, number by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.samples import FrameSample


def differences(samples: Sequence[FrameSample]) -> Iterable[NDArray[np.float64]]:
    """Answer less reference of each sample, `[time, feature]`; ValueError where shapes differ."""
    for sample in samples:
        answer = np.asarray(sample.answer, np.float64)
        if answer.shape != sample.reference.shape:
            wanted = list(sample.reference.shape)
            raise ValueError(f"an answer of shape {list(answer.shape)}; its reference: {wanted}")
        yield answer - sample.reference


def mean(errors: Iterable[NDArray[np.float64]]) -> Figure:
    """The mean over every number of every sample, whatever its length."""
    total, count = 0.0, 0
    for array in errors:
        total, count = total + float(array.sum()), count + array.size
    value = total / max(count, 1)
    return Figure(value, f"{value:.6g}", f"{count:,} numbers")
