"""Monotonic attention against its definition, step by step and place by place in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from compiled import assert_agree, expected
from engines import PREPARED
from single_layers import (
    LENGTHS,
    assert_everywhere,
    before,
    doubles,
    given,
    in_decoder,
    inputs_of,
    sigmoid,
)

WIDTH, STEPS = 5, 6
SETTINGS = [
    {"score": "dot"},
    {"score": "general", "scale": True},
    {"score": "concat", "size": 3},
    {"score": "additive", "size": 6, "normalize": True},
    {"score": "additive", "coverage": True},
]


def model_with(noise=0.0, **settings):
    window = {"kind": "monotonic", "offset": -0.4, "noise": noise}
    layer = {"name": "c", "query": "input", "window": window, **settings}
    return in_decoder([{"attention": layer}], wanted=("c", "c.weights"), source=4)


def score(w, settings, s, h, covered):
    match settings["score"]:
        case "dot":
            return h @ s
        case "general":
            return (h @ w["key"].T) @ s * w["scale"]
        case "concat":
            return np.tanh(h @ w["key"].T + w["query"] @ s) @ w["score"]
    hidden = w["query"] @ s + h @ w["key"].T + w["bias"]
    if "coverage" in w:
        hidden = hidden + np.outer(covered, w["coverage"])
    v = w["score"]
    return np.tanh(hidden) @ (w["gain"] * v / np.linalg.norm(v) if "gain" in w else v)


def soft(energy, length, past):
    """Raffel 2017, eq. 8: stop at j, having begun at any k before and gone on from there to j."""
    p = np.where(np.arange(WIDTH) < length, sigmoid(energy), 0)
    return np.array(
        [
            p[j] * sum(past[k] * np.prod([1 - p[i] for i in range(k, j)]) for k in range(j + 1))
            for j in range(WIDTH)
        ]
    )


def hard(energy, length, past):
    """Algorithm 1: the first place from the last one on whose energy is above 0."""
    weights = np.zeros(WIDTH)
    if past.any():
        places = [j for j in range(int(past.argmax()), length) if energy[j] > 0]
        weights[places[:1]] = 1
    return weights


def by_hand(model, weights, settings, inputs, align):
    w = {path.removeprefix("decoder.c."): array for path, array in weights.items()}
    contexts, shares = [], []
    for queries, memory, length in zip(
        before(inputs["target"]), given(inputs), LENGTHS, strict=True
    ):
        past, covered = np.eye(WIDTH)[0], np.zeros(WIDTH)
        for s in queries:
            energy = score(w, settings, s, memory, covered) + w["offset"]
            past = align(energy, length, past)
            covered = covered + past
            contexts.append(past @ memory)
            shares.append(past)
    shape = (len(LENGTHS), STEPS, -1)
    return {"c": np.reshape(contexts, shape), "c.weights": np.reshape(shares, shape)}


def case(settings, seed=0, offset=-0.4):
    model = model_with(**settings)
    weights, exact = doubles(model, seed)
    weights["decoder.c.offset"] = exact["decoder.c.offset"] = np.array(offset, np.float32)
    return model, weights, exact, inputs_of(model, width=WIDTH, time=STEPS, seed=seed)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_training_computes_the_expected_weights(settings):
    model, weights, exact, inputs = case(settings)
    hand = by_hand(model, exact, settings, inputs, soft)
    assert_everywhere(model, weights, inputs, hand)
    assert (hand["c.weights"].sum(-1) <= 1 + 1e-9).all()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_decoding_chooses_the_first_place_it_may(settings):
    model, weights, exact, inputs = case(settings, seed=20, offset=0.4)
    hand = by_hand(model, exact, settings, inputs, hard)
    wanted = expected(model, "teach", weights, inputs, hard=True)
    for name, array in hand.items():
        np.testing.assert_allclose(wanted[name], array, rtol=1e-6, atol=1e-7, err_msg=name)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach", hard=True), weights)(inputs), wanted)
    steps = hand["c.weights"].sum(-1)
    assert set(steps.ravel()) == {0, 1}, "some steps stop and some do not"
    assert (np.diff(steps) <= 0).all(), "after a step that stops nowhere, none stops"
    places = np.where(steps == 1, hand["c.weights"].argmax(-1), WIDTH)
    assert (np.diff(places) >= 0).all()
    assert np.diff(places).any()


def test_the_expectation_becomes_the_choice_where_chances_are_sure():
    settings = SETTINGS[0]
    model, weights, _, inputs = case(settings, seed=3)
    inputs["target"] = inputs["target"] * 1000
    weights["decoder.c.offset"] = weights["decoder.c.offset"] * 1000
    soft_, hard_ = (
        expected(model, "teach", weights, inputs, hard=kind)["c.weights"] for kind in (False, True)
    )
    np.testing.assert_allclose(soft_, hard_, atol=1e-3)


def test_sure_chances_keep_engines_and_gradients_finite():
    settings = SETTINGS[0]
    model, weights, _, inputs = case(settings)
    inputs["target"] = inputs["target"] * 1e4
    wanted = expected(model, "teach", weights, inputs)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach"), weights)(inputs), wanted)
    module = model.to_torch(weights=weights)
    given = {name: torch.from_numpy(np.asarray(array)) for name, array in inputs.items()}
    sum(found.sum() for found in module(**given).values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None)


def test_noise_is_drawn_anew_in_training_and_gone_after():
    model = model_with(noise=1.0, score="dot")
    weights, _ = doubles(model)
    inputs = inputs_of(model, width=WIDTH, time=STEPS)
    given = {name: torch.from_numpy(np.asarray(array)) for name, array in inputs.items()}
    module = model.to_torch(weights=weights)
    torch.manual_seed(1)
    first, second = (module(**given)["c.weights"] for _ in range(2))
    torch.manual_seed(1)
    assert torch.equal(module(**given)["c.weights"], first)
    assert not torch.equal(first, second)
    module.eval()
    calm = model_with(score="dot")
    wanted = expected(calm, "teach", weights, inputs)["c.weights"]
    np.testing.assert_allclose(module(**given)["c.weights"].detach(), wanted, atol=1e-5)
    assert not any(node.op == "noisy" for node in calm.trace("teach").nodes)


def test_noise_differs_from_step_to_step_and_place_to_place():
    """All queries and places alike: only the noise tells them apart."""
    model = model_with(noise=1.0, score="dot")
    weights, _ = doubles(model)
    inputs = inputs_of(model, width=WIDTH, time=STEPS)
    inputs = {**inputs, "source": np.ones_like(inputs["source"]), "target": inputs["target"] * 0}
    given = {name: torch.from_numpy(np.asarray(array)) for name, array in inputs.items()}
    shares = model.to_torch(weights=weights)(**given)["c.weights"].detach().numpy()[0]
    stops = shares / np.maximum(shares.sum(-1, keepdims=True), 1e-9)
    assert len(np.unique(stops.round(6), axis=0)) == STEPS
    calm = expected(model_with(score="dot"), "teach", weights, inputs)["c.weights"][0, 0]
    ratios = shares[0] / calm
    assert len(np.unique(ratios.round(4))) == WIDTH
