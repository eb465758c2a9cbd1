"""Files whose search finished rows leave: the same results, from two loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from compiled import NAMES, assert_agree, drawn, example, expected, searching, speaking, trained
from engines import build_onnx, prepared_onnx

from s2sgraph import Session
from s2sgraph.model import compile as compile_model

BEAM = {"beams": 3, "n_best": 2, "length_penalty": "average"}
FRAMES = sorted({*NAMES} - {*speaking()})
INPUTS = ("max_length", "beams", "n_best", "stop", "min_length", "max_length_ratio", "prefix")


def compact(model):
    return compile_model(model.spec.set({"search.compact": True}))


def weights_of(model):
    """Weights with which targets are of many lengths."""
    weights = trained(model, 3)
    bias = weights.get("decoder.output.bias")
    if bias is not None and "target" in model.symbols:
        bias[model.spec.special.eos] += 0.7
    return weights


@pytest.mark.parametrize("kind", ["beam", "greedy"])
@pytest.mark.parametrize("name", speaking())
def test_rows_are_given_the_same(name, kind):
    model = searching(name, **BEAM) if kind == "beam" else searching(name, kind=kind)
    weights, inputs = weights_of(model), drawn(model, "decode", rows=9, max_length=12)
    found = prepared_onnx(compact(model).trace("decode"), weights)(inputs)
    assert_agree(found, expected(model, "decode", weights, inputs))


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_the_same(name):
    model = example(name)
    weights, inputs = weights_of(model), drawn(model, "decode", rows=7, time=9)
    found = prepared_onnx(compact(model).trace("decode"), weights)(inputs)
    assert_agree(found, expected(model, "decode", weights, inputs))


@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer"])
def test_settings_and_further_outputs_are_the_same(name):
    """Attention of every step, and all settings of the search as inputs."""
    model = searching(name, max_length=10)
    weights = weights_of(model)
    files = [
        prepared_onnx(one.trace("decode", ("attention",), INPUTS), weights)
        for one in (model, compact(model))
    ]
    given = drawn(model, "decode", rows=8, max_length=-1)
    given |= {key: np.array(-1) for key in INPUTS[:-1]} | {"prefix": np.zeros((8, 0), int)}
    prefix = np.array([[5, 6], [6, 0]] * 4)
    for more in ({}, {"beams": 1}, {"beams": 5, "n_best": 5}, {"stop": 1}, {"prefix": prefix}):
        asked = given | {key: np.array(value) for key, value in more.items()}
        wanted, found = (file(asked) for file in files)
        assert_agree(found, wanted)


@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer"])
def test_no_row_at_all(name):
    model = searching(name, **BEAM)
    inputs = {n: a[:0] if a.ndim else a for n, a in drawn(model, "decode").items()}
    files = (
        prepared_onnx(one.trace("decode"), weights_of(model)) for one in (model, compact(model))
    )
    wanted, found = (file(inputs) for file in files)
    assert_agree(found, wanted)


# -- what is in them ------------------------------------------------------------------------


def bodies(graph, kind="Loop"):
    """The bodies of the loops of a graph."""
    loops = (node for node in graph.node if node.op_type == kind)
    return [a.g for node in loops for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]


def proto_of(model):
    return ir.to_proto(build_onnx(model.trace("decode"), model.initial()))


@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer", "specs/ssru_student"])
@pytest.mark.parametrize("kind", ["beam", "greedy"])
def test_a_step_has_few_more_nodes(name, kind):
    """Two loops and no more, one in the other; the inner one counts the rows that are over."""
    model = searching(name, kind=kind)
    (plain,) = bodies(proto_of(model).graph)
    (outer,) = bodies(proto_of(compact(model)).graph)
    (inner,) = bodies(outer)
    more = Counter(n.op_type for n in inner.node)
    more.subtract(n.op_type for n in plain.node)
    added = {op: n for op, n in more.items() if n > 0}
    assert added.pop("Identity", 0) <= 2
    assert added.pop("Add", 1) == 1  # the number of the step
    assert added == {"Cast": 1, "ReduceSum": 1, "LessOrEqual": 1}
    assert more.total() <= 4


@pytest.mark.parametrize("name", ["specs/dates", "specs/transformer", "specs/ssru_student"])
def test_the_inner_body_has_the_weights_of_its_products(name):
    """Kernels prepare no weights from further out than the graph around their own."""
    (outer,) = bodies(proto_of(compact(searching(name))).graph)
    (inner,) = bodies(outer)
    own = {tensor.name for tensor in inner.initializer}
    made = {*(x.name for x in inner.input), *(y for node in inner.node for y in node.output)}
    products = [n for n in inner.node if n.op_type in ("Gemm", "LSTM", "GRU", "RNN")]
    assert products
    for node in products:
        assert {*node.input[1:]} - {""} <= own | made, node.name


def test_weights_beside_the_file_are_there_once(tmp_path):
    model = compact(searching("specs/transformer", **BEAM))
    weights = weights_of(model)
    one = model.export(tmp_path / "one.onnx", weights)
    apart = model.export(tmp_path / "apart.onnx", weights, external=True)
    assert (tmp_path / "apart.weights.bin").stat().st_size < 1.3 * sum(
        a.nbytes for a in weights.values()
    )
    lines = [[5, 6, 7], [8], [5, 5, 6, 8, 7]]
    found, wanted = (
        [best.tokens for row in Session(file).run(lines) for best in row] for file in (apart, one)
    )
    assert found == wanted
