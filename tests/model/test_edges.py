"""Edges hold in every engine: no rows, no places, no steps; results that end at once, or never.

onnxruntime runs in a process of its own: some of its operators end it on empty tensors.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import onnx_ir as ir
import pytest
from compiled import NAMES, assert_agree, drawn, example, expected, trained
from engines import PREPARED, build_onnx

CHILD = """
import pickle, sys
import onnxruntime as ort
jobs, done, skip = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = ort.SessionOptions()
options.log_severity_level, options.intra_op_num_threads = 4, 1
with open(jobs, "rb") as file:
    found = pickle.load(file)
with open(done, "ab") as file:
    for number, (model, feeds) in enumerate(found):
        if number < skip:
            continue
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        results = {}
        for case, feed in feeds.items():
            try:
                outputs = session.run(None, feed)
                results[case] = {o.name: a for o, a in zip(session.get_outputs(), outputs)}
            except Exception as error:
                results[case] = repr(error)
        pickle.dump((number, results), file)
        file.flush()
"""
ROWS, WIDTH = 3, 4


def cases(model):
    """Inputs at the edges, by what is at the edge; and what the weights must do in it."""
    some = drawn(model, "decode", rows=ROWS, width=WIDTH, max_length=5, time=4)
    lengths = [n for n in some if n.endswith("_length") and n != "max_length"]
    sources = [name.removesuffix("_length") for name in lengths]

    def own(*numbers):
        return {name: np.array(numbers, int) for name in lengths}

    narrow = {name: some[name][:, :0] for name in sources}
    return {
        "as drawn": some,
        "no rows": {n: a if a.ndim == 0 else a[:0] for n, a in some.items()},
        "no rows, no places": {
            n: a if a.ndim == 0 else a[:0, :0] if n in sources else a[:0] for n, a in some.items()
        },
        "no places": {**some, **narrow, **own(0, 0, 0)},
        "no places, no lengths": {**some, **narrow, **own()},
        "a length of 0": {**some, **own(0, 3, 1)},
        "one place": {**some, **own(1, 1, 1)},
        "all padding": {**some, **own(0, 0, 0)},
        "no lengths": {**some, **own()},
        "lengths of the width": {**some, **own(WIDTH, WIDTH, WIDTH)},
        "lengths beyond the width": {**some, **own(WIDTH + 5, -3, 1 << 40)},
        "max_length 0": {**some, "max_length": np.array(0)},
        "max_length 1": {**some, "max_length": np.array(1)},
        "max_length of the spec": {**some, "max_length": np.array(-1)},
        "ends at once": {**some, "max_length": np.array(1 << 40)},
        "never ends": {**some, "max_length": np.array(40)},
    } | (
        {
            "no steps": {**some, "steps": some["steps"] * 0},
            "steps below 0": {**some, "steps": some["steps"] - 3},
        }
        if "steps" in some
        else {}
    )


def weights_of(model, case):
    weights = trained(model, 7)
    urge = {"ends at once": 100.0, "never ends": -100.0}.get(case, 0.0)
    urge = 100.0 if case == "max_length of the spec" else urge
    bias = "decoder.output.bias"
    if bias in weights and model.spec.target.length == "free":
        weights[bias] = weights[bias].copy()
        weights[bias][model.spec.special.eos] += urge
    return weights


FORMS = ("as drawn", "ends at once", "never ends")


def form(case):
    """Which weights a case is run with."""
    return {"max_length of the spec": "ends at once"}.get(case, case if case in FORMS else FORMS[0])


@pytest.fixture(scope="module")
def onnx_results(tmp_path_factory):
    """The outputs of onnxruntime by spec and case; None where the process ended."""
    folder = tmp_path_factory.mktemp("edges")
    jobs = []
    for name in NAMES:
        model = example(name)
        for kind in FORMS:
            proto = ir.to_proto(build_onnx(model.trace("decode"), weights_of(model, kind)))
            feeds = {
                case: {
                    n: np.asarray(a, np.float32 if a.dtype.kind == "f" else np.int64)
                    for n, a in feed.items()
                }
                for case, feed in cases(model).items()
                if form(case) == kind
            }
            jobs.append((proto.SerializeToString(), feeds))
    (folder / "jobs").write_bytes(pickle.dumps(jobs))
    (folder / "done").touch()
    found, skip = {}, 0
    while skip < len(jobs):
        command = [sys.executable, "-c", CHILD, folder / "jobs", folder / "done", str(skip)]
        subprocess.run(command, check=False, timeout=300)
        with (folder / "done").open("rb") as file:
            while file.tell() < (folder / "done").stat().st_size:
                number, results = pickle.load(file)
                found[number] = results
        skip = max(found, default=-1) + 1
        if skip < len(jobs):
            found[skip] = None
            with (folder / "done").open("ab") as file:
                pickle.dump((skip, None), file)
            skip += 1
    named = {}
    for number, results in found.items():
        if results is None:
            named[NAMES[number // len(FORMS)], FORMS[number % len(FORMS)]] = None
        for case, outputs in (results or {}).items():
            named[NAMES[number // len(FORMS)], case] = outputs
    return named


@cache
def outcome(name, case):
    model = example(name)
    return expected(model, "decode", weights_of(model, case), cases(model)[case])


@pytest.mark.parametrize("name", NAMES)
def test_onnxruntime_at_the_edges(name, onnx_results):
    model = example(name)
    for case in cases(model):
        assert onnx_results.get((name, form(case)), "") is not None, f"the process ended: {case}"
        found = onnx_results[name, case]
        assert not isinstance(found, str), f"{case}: {found}"
        try:
            assert_agree(found, outcome(name, case))
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from None


@pytest.mark.parametrize("name", NAMES)
def test_torch_at_the_edges(name):
    model = example(name)
    runs = {
        kind: PREPARED["torch"](model.trace("decode"), weights_of(model, kind)) for kind in FORMS
    }
    for case, inputs in cases(model).items():
        try:
            assert_agree(runs[form(case)](inputs), outcome(name, case))
        except Exception as error:
            raise AssertionError(f"{case}: {error!r}") from None


@pytest.mark.parametrize("name", NAMES)
def test_what_the_edges_mean(name):
    model = example(name)
    tokens = "features" not in type(model.spec.target).model_fields
    main = "tokens" if tokens else "frames"
    empty = outcome(name, "no rows")
    assert empty[main].shape[:2] == (0, 1)
    assert empty["lengths"].shape == (0, 1)
    assert outcome(name, "max_length 0")[main].shape[2] == 0
    assert (outcome(name, "max_length 0")["lengths"] == 0).all()
    assert outcome(name, "max_length 1")[main].shape[2] == 1
    full = outcome(name, "lengths of the width")
    for key, array in outcome(name, "no lengths").items():
        np.testing.assert_array_equal(array, full[key])
    for found in (outcome(name, case) for case in cases(model)):
        assert all(np.isfinite(array).all() for array in found.values() if array.dtype.kind == "f")
    if model.spec.target.length == "free":
        once, never = outcome(name, "ends at once"), outcome(name, "never ends")
        assert (once["tokens"] == model.spec.special.eos).all()
        assert once["tokens"].shape == (ROWS, 1, 1)
        assert (once["lengths"] == 1).all()
        assert (never["lengths"] == never["tokens"].shape[2]).all()
        assert never["tokens"].shape[2] == 40
    elif model.spec.target.length == "source":
        np.testing.assert_array_equal(outcome(name, "a length of 0")["lengths"][:, 0], [0, 3, 1])
    else:
        assert (outcome(name, "no steps")["lengths"] == 0).all()
        assert (outcome(name, "steps below 0")["lengths"] >= 0).all()
