"""Nothing that stands in padding gets out of it, not even what is no number."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import drawn, expected, model_of, trained
from engines import PREPARED
from random_specs import random_spec

SEEDS = [
    seed for seed in range(40) if any("features" in side for side in [random_spec(seed)["source"]])
]


@pytest.mark.parametrize("content", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("seed", SEEDS)
def test_padding_may_hold_anything(seed, content):
    model = model_of(random_spec(seed))
    weights = {path: array * 0.5 for path, array in trained(model, seed).items()}
    lengths = [4, 1, 0]
    inputs = drawn(model, "decode", rows=3, width=4, lengths=lengths, time=3, max_length=3)
    wanted = expected(model, "decode", weights, inputs)
    for row, length in enumerate(lengths):
        inputs["source"][row, length:] = content
    found = PREPARED["onnx"](model.trace("decode"), weights)(inputs)
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-4)
