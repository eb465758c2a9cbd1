"""Random specs mean the same in numpy, torch and onnxruntime, in training and in decoding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from compiled import assert_agree, drawn, expected, model_of, trained
from engines import PREPARED
from random_specs import random_spec

FAST = ("torch", "onnx")


def check(data, *, seed=0, engines=FAST):
    model = model_of(data)
    weights = trained(model, seed)
    for graph in ("teach", "decode"):
        inputs = drawn(model, graph, rows=3, width=5, time=4, max_length=5, seed=seed)
        wanted = expected(model, graph, weights, inputs)
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
