"""Random specs mean the same in numpy, torch and onnxruntime, in training and in decoding."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, drawn, expected, model_of, trained
from engines import PREPARED
from random_specs import random_spec

from s2sgraph.graph.composed import HIDDEN

FAST = ("torch", "onnx")
GREAT = 100.0
"""Frames that are fed back may grow; beyond this, rounding says nothing of engines."""


def check(data, *, seed=0, engines=FAST):
    model = model_of(data)
    for graph in ("teach", "decode"):
        inputs = drawn(model, graph, rows=3, width=5, time=4, max_length=5, seed=seed)
        for factor in (1.0, 0.5, 0.2):
            weights = {path: array * factor for path, array in trained(model, seed).items()}
            wanted = expected(model, graph, weights, inputs)
            floats = [array for array in wanted.values() if np.asarray(array).dtype.kind == "f"]
            shown = [array[array > HIDDEN / 10] for array in floats]
            if all(np.abs(array).max(initial=0) < GREAT for array in shown):
                break
        else:
            raise AssertionError("no weights keep the frames small")
        for name in engines:
            found = PREPARED[name](model.trace(graph), weights)(inputs)
            try:
                assert_agree(found, wanted)
            except AssertionError as error:
                raise AssertionError(f"{graph}, {name}: {error}") from None


@pytest.mark.parametrize("seed", range(60))
def test_random_specs_agree(seed):
    check(random_spec(seed), seed=seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60, 1060))
def test_many_random_specs_agree(seed):
    check(random_spec(seed), seed=seed, engines=(*PREPARED,))
