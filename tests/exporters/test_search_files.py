"""Files with a beam search in them: settings as inputs, and what they cost in the loop."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from compiled import (
    assert_agree,
    drawn,
    expected,
    searching,
    speaking,
    trained,
)
from engines import build_onnx, prepared_onnx, run_session, session

from s2sgraph import Session

TOKENS = speaking()
GOLDEN = Path(__file__).parent / "golden"
KINDS = ("specs/dates", "specs/bahdanau", "specs/transformer", "specs/ssru_student")
PER_TRANSFORMER_LAYER = 34
BEAMS = ("max_length", "beams", "n_best")
RANKS = ("length_penalty", "length_offset")
ANYWHERE = (*BEAMS, *RANKS, "stop", "max_length_ratio", "min_length")
ALL = (*ANYWHERE, "coverage_penalty")
"""The last needs a decoder with attention."""


URGES = {"transformer": 1.5}
"""What is added to the score of the end symbol, so that results are of many lengths."""


def weights_of(model):
    weights = trained(model, 3)
    weights["decoder.output.bias"][model.spec.special.eos] += URGES.get(model.spec.name, 0)
    return weights


def run(model, inputs, given):
    """A file with these inputs, and what else it is given."""
    run_file = prepared_onnx(model.trace("decode", inputs=inputs), weights_of(model))
    return lambda **more: run_file({**given, **{name: np.array(n) for name, n in more.items()}})


def unset(model, inputs):
    """-1 for every setting, and some sentences."""
    return drawn(model, "decode", rows=16, max_length=-1) | {n: np.array(-1) for n in inputs}


@pytest.mark.parametrize("name", KINDS)
def test_one_file_for_every_number_of_beams(name):
    any_number = searching(name, max_length=12)
    given = unset(any_number, BEAMS)
    file = run(any_number, BEAMS, given)
    for beams in range(1, 9):
        fixed = searching(name, beams=beams, n_best=beams, max_length=12)
        wanted = run(fixed, ("max_length",), given)()
        assert wanted["tokens"].shape[1] == beams
        assert_agree(file(beams=beams, n_best=beams), wanted)
        reference = expected(fixed, "decode", weights_of(fixed), given)
        np.testing.assert_array_equal(wanted["tokens"], reference["tokens"])


POWER = {"kind": "power", "alpha": 0.5}
SETTINGS = {
    "beams": ({"beams": 1}, {}, {"beams": 1}),
    "n_best": ({"n_best": 4}, {}, {"n_best": 4}),
    "length_penalty": ({"length_penalty": 0.5}, {}, {"length_penalty": POWER}),
    "length_offset": (
        {"length_offset": 5.0},
        {"length_penalty": 0.5},
        {"length_penalty": {"kind": "gnmt", "alpha": 0.5}},
    ),
    "stop": ({"stop": 1}, {"length_penalty": 0.5}, {"length_penalty": POWER, "stop": "first"}),
    "coverage_penalty": (
        {"coverage_penalty": 1.5},
        {"max_length": 3},
        {"coverage_penalty": 1.5, "max_length": 3},
    ),
    "max_length": ({"max_length": 3}, {}, {"max_length": 3}),
    "max_length_ratio": ({"max_length_ratio": 0.7}, {}, {"max_length_ratio": 0.7}),
    "min_length": ({"min_length": 6}, {}, {"min_length": 6}),
}
"""What a file is given, what it is given besides, and both as a spec has them."""


@cache
def chosen_at_run(name):
    spec = searching(name, max_length=12)
    return run(spec, ALL, unset(spec, ALL))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ["specs/bahdanau", "specs/transformer"])
def test_a_setting_at_run_time_is_that_of_the_spec(name, setting):
    """And it changes the result."""
    given, besides, spec = SETTINGS[setting]
    fixed = searching(name, **{"max_length": 12, **spec})
    wanted = run(fixed, ("max_length",), unset(fixed, ()))()
    found = chosen_at_run(name)(**given, **besides)
    assert_agree(found, wanted)
    without = chosen_at_run(name)(**besides)
    assert any(
        without[key].shape != array.shape or not np.allclose(without[key], array)
        for key, array in found.items()
    )


def test_several_settings_at_once():
    spec = {
        "beams": 5,
        "n_best": 3,
        "max_length": 9,
        "length_penalty": {"kind": "gnmt", "alpha": 0.9},
        "coverage_penalty": 0.4,
        "max_length_ratio": 1.5,
    }
    given = {"length_penalty": 0.9, "length_offset": 5.0}
    given |= {key: value for key, value in spec.items() if key != "length_penalty"}
    fixed = searching("specs/bahdanau", **spec)
    wanted = run(fixed, ("max_length",), unset(fixed, ()))()
    assert_agree(chosen_at_run("specs/bahdanau")(**given), wanted)


@pytest.mark.parametrize("setting", ALL)
def test_minus_one_is_what_the_spec_says(setting):
    model = searching(
        "specs/dates",
        beams=3,
        n_best=2,
        max_length=7,
        length_penalty={"kind": "gnmt", "alpha": 0.7},
        coverage_penalty=0.3,
        stop="first",
        max_length_ratio=2.0,
    )
    given = unset(model, ALL)
    wanted = run(model, (), given)()
    assert_agree(run(model, (setting,), given)(), wanted)


def test_a_file_loads_without_warnings(capfd):
    model = searching("specs/dates")
    for inputs in (("max_length",), ALL):
        proto = ir.to_proto(build_onnx(model.trace("decode", inputs=inputs), model.initial()))
        onnxruntime.InferenceSession(proto.SerializeToString())
        assert capfd.readouterr().err == ""


def test_more_hypotheses_than_beams_are_not_given():
    file = run(searching("specs/dates"), BEAMS, unset(searching("specs/dates"), BEAMS))
    for beams, n_best, hypotheses in ((2, 9, 2), (0, 0, 1), (0, 5, 1), (-7, -7, 1)):
        assert file(beams=beams, n_best=n_best)["tokens"].shape[1] == hypotheses


@pytest.mark.parametrize("name", KINDS)
def test_an_export_is_verified_with_all_settings_as_inputs(name, tmp_path):
    model = searching(name, n_best=3)
    file = model.export(tmp_path / "model.onnx", weights_of(model), inputs=ALL)
    results = Session(file).run([[5, 6, 7], [8]], beams=2, n_best=2, max_length=4)
    assert [len(row) for row in results] == [2, 2]


@pytest.mark.long
@pytest.mark.parametrize("runtime", ["old_runtime", "web_runtime"])
def test_other_runtimes_search_alike(runtime, request, tmp_path):
    asked, wanted = [], []
    for name in TOKENS:
        model = searching(name, max_length=8, length_penalty="average")
        built = build_onnx(model.trace("decode", inputs=ANYWHERE), weights_of(model))
        newest = session(built)
        given = unset(model, ANYWHERE)
        none = {key: array[:0] if array.ndim else array for key, array in given.items()}
        for start in (given, none):
            for beams in (1, 4, 8):
                some = {"beams": beams, "n_best": min(beams, 3), "stop": beams % 2}
                feed = typed(newest, {**start, **{n: np.array(a) for n, a in some.items()}})
                path = tmp_path / f"{len(asked)}.onnx"
                ir.save(built, path)
                asked.append((path, feed))
                wanted.append(run_session(newest, feed))
    for outputs, found in zip(wanted, request.getfixturevalue(runtime)(asked), strict=True):
        for key, array in outputs.items():
            np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-4)


def typed(session, feed):
    """Inputs as a file takes them."""
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
    return {i.name: np.asarray(feed[i.name], kinds[i.type]) for i in session.get_inputs()}


# -- what it costs --------------------------------------------------------------------------


def body(model, inputs=("max_length",)):
    """Nodes of the decode loop by the layer they belong to."""
    proto = ir.to_proto(build_onnx(model.trace("decode", inputs=inputs), model.initial()))
    (loop,) = [node for node in proto.graph.node if node.op_type == "Loop"]
    (graph,) = [a.g for a in loop.attribute if a.type == onnx.AttributeProto.GRAPH]
    return Counter(node.name.rpartition("/")[0] or "search" for node in graph.node)


SEARCHES = {
    "beams": {},
    "length penalty": {"length_penalty": {"kind": "gnmt", "alpha": 0.6}},
    "stop first": {"stop": "first"},
    "limit by source": {"max_length_ratio": 2.0},
    "coverage penalty": {"coverage_penalty": 0.2},
    "all": {
        "length_penalty": {"kind": "gnmt", "alpha": 0.6},
        "stop": "first",
        "max_length_ratio": 2.0,
        "coverage_penalty": 0.2,
    },
}


def test_nodes_of_each_search(refresh):
    text = ""
    for name in ("specs/dates", "specs/transformer"):
        for title, search in SEARCHES.items():
            text += f"{name}, {title}: {body(searching(name, **search))['search']}\n"
        text += f"{name}, all of them inputs: {body(searching(name), ALL)['search']}\n"
    path = GOLDEN / "nodes_of_search.txt"
    if refresh:
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", KINDS)
def test_beams_and_limits_as_inputs_cost_nothing(name):
    model = searching(name)
    assert body(model, BEAMS) == body(model, ())
    assert body(searching(name, beams=9, n_best=9), ()) == body(model, ())


@pytest.mark.parametrize("name", ["specs/transformer", "published/transformer_2017"])
def test_a_transformer_layer_is_small(name):
    """With the nodes that reorder its states, which stand at the end of the loop."""
    layers = body(searching(name, blocks=3), BEAMS), body(searching(name, blocks=2), BEAMS)
    assert 0 < layers[0].total() - layers[1].total() <= PER_TRANSFORMER_LAYER


@pytest.mark.parametrize("name", TOKENS)
def test_there_is_one_loop(name):
    """And a scan, back through the parents of the hypotheses."""
    model = searching(name)
    proto = ir.to_proto(build_onnx(model.trace("decode", inputs=ANYWHERE), model.initial()))
    kinds = Counter(node.op_type for node in proto.graph.node)
    assert kinds["Loop"] == 1
    assert kinds["If"] == 0
    assert {(o.domain, o.version) for o in proto.opset_import} == {("", 20)}
