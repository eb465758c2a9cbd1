"""Encoder and step as files: driven by a client they do what the decode file does."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import NAMES, assert_agree, drawn, example, searching, trained
from engines import ENGINES

from s2sgraph.graph import reference

STEPS = 4


def encoded(model, weights):
    return reference.run(model.trace("encode"), weights, drawn(model, "encode"))


def step_inputs(model, state, number):
    names = [value.name for value in model.trace("step").inputs]
    return {name: np.array(number) if name == "step" else state[name] for name in names}


def chosen(model, logits):
    special = model.spec.special
    allowed = np.array(logits)
    allowed[:, [special.pad, special.bos]] = -np.inf
    return allowed.argmax(-1)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_drives_the_steps_gets_what_the_file_gives(name):
    model = searching(name, kind="greedy")
    weights = trained(model)
    inputs = drawn(model, "decode", max_length=STEPS, time=STEPS)
    wanted = reference.run(model.trace("decode"), weights, inputs)
    given = {value.name for value in model.trace("encode").inputs}
    state = reference.run(
        model.trace("encode"), weights, {k: v for k, v in inputs.items() if k in given}
    )
    tokens = "tokens" in wanted
    column = wanted["tokens" if tokens else "frames"][:, 0]
    for number in range(column.shape[1]):
        found = reference.run(model.trace("step"), weights, step_inputs(model, state, number))
        before = "token" if tokens else "frame"
        state[before] = chosen(model, found["logits"]) if tokens else found["frames"]
        live = number < wanted["lengths"][:, 0]
        np.testing.assert_allclose(state[before][live], column[live, number], atol=1e-9)
        state.update({key[5:]: value for key, value in found.items() if key.startswith("next_")})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "name", ["specs/coverage", "specs/forecaster", "specs/tagger", "specs/transformer"]
)
def test_engines_agree_on_both_graphs(name, engine):
    model = example(name)
    weights = trained(model)
    inputs = drawn(model, "encode")
    state = encoded(model, weights)
    assert_agree(ENGINES[engine](model.trace("encode"), weights, inputs), state)
    given = step_inputs(model, state, 0)
    wanted = reference.run(model.trace("step"), weights, given)
    assert_agree(ENGINES[engine](model.trace("step"), weights, given), wanted)


@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer"])
def test_no_rows_at_all(name):
    model = example(name)
    weights = trained(model)
    inputs = drawn(model, "encode", rows=0, lengths=[])
    for engine in ("torch", "onnx"):
        state = ENGINES[engine](model.trace("encode"), weights, inputs)
        found = ENGINES[engine](model.trace("step"), weights, step_inputs(model, state, 0))
        assert found["logits"].shape == (0, model.symbols["target"])


def test_further_outputs_of_a_step():
    model = example("specs/dates")
    weights = trained(model)
    state = reference.run(
        model.trace("encode", ["context.weights"]), weights, drawn(model, "encode")
    )
    graph = model.trace("step", ["context.weights"])
    given = {v.name: np.array(0) if v.name == "step" else state[v.name] for v in graph.inputs}
    shares = reference.run(graph, weights, given)["context.weights"]
    np.testing.assert_allclose(shares.sum(-1), 1)
