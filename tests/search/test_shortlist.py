"""Shortlists: a run names the only symbols there are, and the output layer's product shrinks."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from compiled import assert_agree, drawn, example, trained
from engines import PREPARED, build_onnx

from s2sgraph.graph import reference
from s2sgraph.model import compile as compile_model

INPUTS = ("max_length", "allowed", "prefix")
EOS = 2
KINDS = {
    "greedy": "greedy",
    "beam": {"kind": "beam", "beams": 3, "n_best": 2},
    "sample": {"kind": "sample", "n_best": 3},
    "constrained": {"kind": "beam", "beams": 3, "no_repeat_ngram": 2, "banned": ["s2"]},
}
LISTS = ([5, 6, 7, 8], [5, 5, EOS, 99, 7, -4, 1, 0], [7])


def case(name, kind):
    model = compile_model(example(name).spec.set({"search": KINDS[kind]}))
    none = {"allowed": np.zeros(0, int), "prefix": np.zeros((4, 0), int)}
    return model, trained(model), {**drawn(model, "decode"), **none}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer"])
def test_engines_agree(name, kind):
    model, weights, inputs = case(name, kind)
    runs = [PREPARED[e](model.trace("decode", (), INPUTS), weights) for e in ("torch", "onnx")]
    for allowed in LISTS:
        given = {**inputs, "allowed": np.array(allowed)}
        wanted = reference.run(model.trace("decode", (), INPUTS), weights, given)
        assert {*wanted["tokens"].ravel()} <= {*allowed, 0, EOS}
        for run in runs:
            assert_agree(run(given), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_no_list_is_all_symbols(kind):
    model, weights, inputs = case("specs/dates", kind)
    wanted = reference.run(model.trace("decode"), weights, inputs)
    assert_agree(PREPARED["onnx"](model.trace("decode", (), INPUTS), weights)(inputs), wanted)


def test_a_forced_symbol_is_found_by_its_id():
    model, weights, inputs = case("specs/dates", "beam")
    given = {"allowed": np.array([9, 6, 5]), "prefix": np.array([[6, 9]] * 4)}
    found = PREPARED["onnx"](model.trace("decode", (), INPUTS), weights)({**inputs, **given})
    np.testing.assert_array_equal(found["tokens"][:, :, :2], np.broadcast_to([6, 9], (4, 2, 2)))


def test_probabilities_are_of_the_list_alone():
    model, weights, inputs = case("specs/transformer", "greedy")
    allowed = [5, 7, 8]
    given = {**inputs, "allowed": np.array(allowed)}
    found = reference.run(model.trace("decode", (), INPUTS), weights, given)
    tokens = found["tokens"][:, 0]
    told = {"source": inputs["source"], "source_length": inputs["source_length"], "target": tokens}
    logits = reference.run(model.trace("teach"), weights, told)["logits"][..., [*allowed, EOS]]
    chances = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    for row, length in enumerate(found["lengths"][:, 0]):
        for place in range(length):
            best = chances[row, place]
            assert [*allowed, EOS][int(best.argmax())] == tokens[row, place]
            np.testing.assert_allclose(found["token_scores"][row, 0, place], best.max())


def test_the_product_of_the_loop_is_with_the_list():
    """The rows of the weight are taken before the loop, so that a step makes no others."""
    model, weights, _ = case("specs/dates", "greedy")
    graph = ir.to_proto(build_onnx(model.trace("decode", (), INPUTS), weights)).graph
    made = {name: node for node in graph.node for name in node.output}
    (loop,) = (node for node in graph.node if node.op_type == "Loop")
    body = loop.attribute[0].g
    product = [n for n in body.node if n.name.startswith("decoder/output/") and "Mul" in n.op_type]
    assert len(product) == 1
    outside = [made[name] for name in product[0].input if name in made]
    assert len(outside) == 1
