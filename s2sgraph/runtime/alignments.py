"""Which places of the source each place of a result looked at, by the attention in the file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.runtime.contract import Contract, Output
from s2sgraph.runtime.results import Hypothesis


def attention_outputs(contract: Contract) -> tuple[Output, ...]:
    """The outputs that are weights of places of a source for each place of the target."""
    sources = {i.source for i in contract.sources}
    return tuple(
        output
        for output in contract.outputs
        if output.dtype == "float32" and "length" in output.axes and output.axes[-1] in sources
    )


def attention(hypothesis: Hypothesis, name: str) -> NDArray[Any]:
    """The weights of an output for one result, `[length, source]`: the mean over heads, if any."""
    weights = hypothesis.extras[name].astype(np.float64)
    return np.asarray(weights.mean(axis=tuple(range(1, weights.ndim - 1))))


def alignment(weights: NDArray[Any]) -> list[tuple[int, int]]:
    """Pairs of places, source first: for each place of the target that of the greatest weight.

    A place without any weight is aligned with nothing.
    """
    if not weights.size:
        return []
    best = weights.argmax(1)
    return [(int(best[place]), place) for place in range(len(best)) if weights[place].max() > 0]
