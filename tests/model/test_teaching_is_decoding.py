"""Training and decoding are one model: the loop chooses what the taught graph would choose."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import NAMES, drawn, expected, model_of, searching, trained
from engines import PREPARED
from random_specs import random_spec

ROWS = 12
TOLERANCE = 1e-3
"""Ten times that of the engines: two symbols this near may be chosen either way (in float64)."""


def tokens_of(model):
    return "features" not in type(model.spec.target).model_fields


def differences(model, decoded, inputs, weights):
    """How many places differ between the loop and the taught graph, close calls set apart."""
    special = model.spec.special
    tokens, lengths = decoded["tokens"][:, 0], decoded["lengths"][:, 0]
    teach = {**inputs, "target": tokens}
    logits = np.array(expected(model, "teach", weights, teach, hard=True)["logits"])
    logits[..., [special.pad, special.bos]] = -np.inf
    best = np.sort(logits, -1)
    close = best[..., -1] - best[..., -2] < TOLERANCE
    live = np.arange(tokens.shape[1]) < lengths[:, None]
    wrong = live & (logits.argmax(-1) != tokens)
    np.testing.assert_array_equal(tokens[~live], special.pad)
    return int((wrong & ~close).sum()), int((wrong & close).sum())


def check(model, seed, engine):
    weights = trained(model, seed)
    inputs = drawn(model, "decode", rows=ROWS, max_length=10, time=10, seed=seed)
    decoded = PREPARED[engine](model.trace("decode"), weights)(inputs)
    if not tokens_of(model):
        given = {**inputs, "target": decoded["frames"][:, 0]}
        taught = expected(model, "teach", weights, given, hard=True)
        live = np.arange(decoded["frames"].shape[2]) < decoded["lengths"]
        for name in ("frames", "deviations"):
            if name in taught:
                wanted = np.where(live[..., None], taught[name], 0)
                np.testing.assert_allclose(decoded[name][:, 0], wanted, rtol=1e-3, atol=1e-3)
        return
    wrong, close = differences(model, decoded, inputs, weights)
    print(f"{close} close calls")
    assert wrong == 0
    assert close <= 1
    given = {**inputs, "target": decoded["tokens"][:, 0]}
    scored = expected(model, "score", weights, given, hard=True)
    np.testing.assert_allclose(decoded["scores"][:, 0], scored["scores"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("engine", ["torch", "onnx"])
@pytest.mark.parametrize("name", NAMES)
def test_the_loop_chooses_what_the_taught_graph_would(name, engine):
    check(searching(name, kind="greedy"), 1, engine)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(300))
def test_random_specs_decode_as_they_are_taught(seed):
    model = model_of(random_spec(seed))
    if tokens_of(model):
        check(model, seed, "onnx")


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_engines_choose_the_same_tokens_for_500_sentences(name):
    model = searching(name, kind="greedy")
    if not tokens_of(model):
        pytest.skip("frames, not tokens")
    weights = trained(model, 2)
    inputs = drawn(model, "decode", rows=500, max_length=12, seed=3)
    decoded = {e: PREPARED[e](model.trace("decode"), weights)(inputs) for e in PREPARED}
    wanted = expected(model, "decode", weights, inputs)["tokens"]
    for engine, found in decoded.items():
        width = max(wanted.shape[2], found["tokens"].shape[2])
        rows = [
            np.pad(a, ((0, 0), (0, 0), (0, width - a.shape[2]))) for a in (found["tokens"], wanted)
        ]
        differ = (rows[0] != rows[1]).any((1, 2))
        wrong, close = differences(model, found, inputs, weights)
        print(f"{engine}: {differ.sum()} of 500 sentences differ, {close} close calls")
        assert wrong == 0
        assert differ.sum() <= 3
