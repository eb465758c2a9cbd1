"""Random specs mean the same in numpy, torch and onnxruntime, in training and in decoding."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, drawn, expected, model_of, trained
from engines import FAST, PREPARED
from random_specs import random_spec

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.model import compile as compile_model

GREAT = 100.0
"""Frames that are fed back may grow; beyond this, rounding says nothing of engines."""


def meant(model, graph, inputs, seed):
    """Weights that keep frames small, and what the reference gives with them."""
    for factor in (1.0, 0.5, 0.2):
        weights = {path: array * factor for path, array in trained(model, seed).items()}
        wanted = expected(model, graph, weights, inputs)
        floats = [array for array in wanted.values() if np.asarray(array).dtype.kind == "f"]
        shown = [array[array > HIDDEN / 10] for array in floats]
        if all(np.abs(array).max(initial=0) < GREAT for array in shown):
            return weights, wanted
    raise AssertionError("no weights keep the frames small")


def check(data, *, seed=0, engines=FAST):
    model = model_of(data)
    for graph in ("teach", "decode"):
        inputs = drawn(model, graph, rows=3, width=5, time=4, max_length=5, seed=seed)
        weights, wanted = meant(model, graph, inputs, seed)
        for name in engines:
            found = PREPARED[name](model.trace(graph), weights)(inputs)
            try:
                assert_agree(found, wanted)
            except AssertionError as error:
                raise AssertionError(f"{graph}, {name}: {error}") from None


def check_leaving(seed):
    """Rows that leave the batch when they are finished get what they get without."""
    model = model_of(random_spec(seed))
    leaving = compile_model(model.spec.set({"search.compact": True}))
    inputs = drawn(model, "decode", rows=6, width=7, time=8, max_length=9, seed=seed)
    weights, wanted = meant(model, "decode", inputs, seed)
    assert_agree(PREPARED["onnx"](leaving.trace("decode"), weights)(inputs), wanted)


@pytest.mark.parametrize("seed", range(30))
def test_rows_may_leave(seed):
    check_leaving(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30, 430))
def test_rows_may_leave_many_random_specs(seed):
    check_leaving(seed)


@pytest.mark.parametrize("seed", range(40))
def test_random_specs_agree(seed):
    check(random_spec(seed), seed=seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40, 1060))
def test_many_random_specs_agree(seed):
    check(random_spec(seed), seed=seed, engines=(*PREPARED,))
