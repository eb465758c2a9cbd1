"""Ensembles: several models in one graph, against the mean of what each says alone."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, drawn, example, expected, model_of, trained
from engines import PREPARED

from s2sgraph.exporting import ExportError
from s2sgraph.model import compile as compile_model
from s2sgraph.model.ensemble import Ensemble
from s2sgraph.spec.dumping import plain

NAMES = ("specs/dates", "specs/transformer", "specs/bahdanau")


def members(kind="greedy"):
    models = [compile_model(example(name).spec.set({"search": kind})) for name in NAMES]
    return models, [trained(model, seed) for seed, model in enumerate(models)]


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@pytest.mark.parametrize("mean", ["probabilities", "log-probabilities"])
def test_scores_are_the_mean(mean):
    models, weights = members()
    ensemble = Ensemble(models, mean)
    inputs = drawn(ensemble, "teach")
    found = expected(ensemble, "teach", ensemble.together(weights), inputs)["logits"]
    alone = [
        log_softmax(expected(model, "teach", own, inputs)["logits"])
        for model, own in zip(models, weights, strict=True)
    ]
    wanted = np.log(np.exp(alone).mean(0)) if mean == "probabilities" else np.mean(alone, 0)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_engines_agree(kind):
    models, weights = members(kind)
    ensemble = Ensemble(models)
    together = ensemble.together(weights)
    inputs = drawn(ensemble, "decode")
    wanted = expected(ensemble, "decode", together, inputs)
    for prepare in PREPARED.values():
        assert_agree(prepare(ensemble.trace("decode"), together)(inputs), wanted)


def test_copies_of_one_model_are_that_model():
    models, weights = members("beam")
    for mean in ("probabilities", "log-probabilities"):
        ensemble = Ensemble([models[0]] * 3, mean)
        inputs = drawn(ensemble, "decode")
        found = expected(ensemble, "decode", ensemble.together([weights[0]] * 3), inputs)
        wanted = expected(models[0], "decode", weights[0], inputs)
        np.testing.assert_array_equal(found["tokens"], wanted["tokens"])
        np.testing.assert_allclose(found["scores"], wanted["scores"], atol=1e-9)


@pytest.mark.parametrize("mean", ["probabilities", "log-probabilities"])
def test_symbols_that_a_run_does_not_allow_are_in_no_hypothesis(mean):
    """Where there are fewer hypotheses than are wanted, too."""
    models, weights = members({"kind": "beam", "beams": 6, "n_best": 6})
    ensemble = Ensemble(models, mean)
    graph = ensemble.trace("decode", (), ("max_length", "allowed"))
    inputs = {**drawn(ensemble, "decode", max_length=2), "allowed": np.array([4, 4])}
    for prepare in PREPARED.values():
        found = prepare(graph, ensemble.together(weights))(inputs)
        assert {*found["tokens"].flat} <= {0, 2, 4}
        for tokens, scores in zip(found["tokens"], found["scores"], strict=True):
            assert len({*map(tuple, tokens[:3].tolist())}) == 3
            assert (np.isfinite(scores) == [True, True, True, False, False, False]).all()


def test_the_score_file_and_the_coverage_penalty():
    models, weights = members()
    search = {"kind": "beam", "beams": 3, "coverage_penalty": 0.3}
    models[0] = compile_model(models[0].spec.set({"search": search}))
    ensemble = Ensemble(models)
    together = ensemble.together(weights)
    for graph in ("score", "decode"):
        inputs = drawn(ensemble, graph)
        wanted = expected(ensemble, graph, together, inputs)
        for engine in ("torch", "onnx"):
            assert_agree(PREPARED[engine](ensemble.trace(graph), together)(inputs), wanted)


def test_models_that_do_not_fit():
    model = example(NAMES[0])
    data = plain(model.spec)
    other = model_of({**data, "target": {**data["target"], "symbols": ["a", "b"]}})
    with pytest.raises(ExportError, match="model 2, dates, has another target than the first"):
        Ensemble([model, other])
    with pytest.raises(ExportError, match="model 3, dates, has another special"):
        Ensemble([model, model, compile_model(model.spec.set({"special.unk": 5}))])
    frames = example("specs/forecaster")
    with pytest.raises(ExportError, match="these write features"):
        Ensemble([frames, frames])
