"""Every kind of search, with every setting as an input, in other releases and in wasm."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from compiled import drawn, example, trained
from engines import build_onnx, run_session, session

from s2sgraph.model import Lexicon
from s2sgraph.model import compile as compile_model

MODELS = ("specs/dates", "specs/transformer", "specs/ssru_student")
KINDS = {
    "greedy": {},
    "beam": {"beams": 4, "n_best": 2},
    "diverse": {"beams": 4, "groups": 2},
    "sample": {"n_best": 3},
    "greedy, compact": {"kind": "greedy", "compact": True},
    "beam, compact": {"kind": "beam", "compact": True, "beams": 4, "n_best": 2},
    "sample, compact": {"kind": "sample", "compact": True, "n_best": 3},
}
CASES = (
    {},
    {"max_length": 0},
    {"max_length": 1},
    {"min_length": 5},
    {"banned": [4, 6, 99]},
    {"allowed": [5, 6, 5, 8]},
    {"prefix": [[5, 6], [6, 0], [0, 0]]},
    {"no_repeat_ngram": 1, "min_length": 7},
    {"no_repeat_ngram": 2, "repetition_penalty": 1.3},
    {"beams": 1},
    {"beams": 40, "n_best": 20},
    {"length_penalty": 0.8, "length_offset": 5.0, "n_best": 3},
    {"stop": 1},
    {"coverage_penalty": 0.5},
    {"strength": 3.0},
    {"seed": 12},
    {"temperature": 0.6, "top_k": 3},
    {"top_p": 0.7, "min_p": 0.1, "seed": 5},
)
"""What runs say; a file is asked only what it offers."""


def asked(folder):
    """Files, their inputs, and what the newest runtime says."""
    files, wanted = [], []
    for model_name in MODELS:
        for kind, settings in KINDS.items():
            model = compile_model(
                example(model_name).spec.set(
                    {"search": {"kind": kind, "max_length": 8, **settings}}
                )
            )
            offered = [one.name for one in model.tracing().possible()]
            built = build_onnx(model.trace("decode", (), offered), trained(model))
            newest = session(built)
            kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
            types = {i.name: kinds[i.type] for i in newest.get_inputs()}
            ours = {**drawn(model, "decode", rows=3), **unset(model, offered)}
            path = folder / f"{len(files)}.onnx"
            ir.save(built, path)
            for case in CASES:
                if not {*case} <= {*offered}:
                    continue
                given = {**ours, **{name: np.array(value) for name, value in case.items()}}
                feed = {name: np.asarray(given[name], kind) for name, kind in types.items()}
                files.append((path, feed))
                wanted.append((f"{model_name}, {kind}, {case}", run_session(newest, feed)))
    return files, wanted


def unset(model, offered):
    """Inputs that leave everything to the spec."""
    inputs = model.inputs("decode", (), offered)
    lists = {"prefix": np.zeros((3, 0), int)}
    return {
        given.name: lists.get(given.name, np.array(given.default))
        for given in inputs
        if given.name in offered
    }


@pytest.mark.long
def test_every_setting_in_other_runtimes(runtime, tmp_path):
    files, wanted = asked(tmp_path)
    assert len({case for case, _ in wanted}) == len(files) > 100
    for (case, expected), found in zip(wanted, runtime(files), strict=True):
        for name, array in expected.items():
            np.testing.assert_allclose(
                np.reshape(found[name], array.shape), array, rtol=1e-4, atol=1e-4, err_msg=case
            )


@pytest.mark.long
def test_a_lexicon_in_other_runtimes(runtime, tmp_path):
    """With so many lines that its tables are of one, two and four bytes."""
    model = compile_model(example(MODELS[0]).spec.set({"search": {"kind": "beam"}}))
    rows = np.random.default_rng(0).integers(4, 12, (60_000, 8)).tolist()
    lexicon = Lexicon.of(model, ((row, row[:2]) for row in rows))
    built = build_onnx(model.tracing(lexicon=lexicon).graph("decode"), trained(model))
    kinds = {value.dtype.numpy() for value in built.graph.initializers.values()}
    assert {np.dtype(kind) for kind in ("uint8", "uint16", "uint32")} <= kinds
    ir.save(built, tmp_path / "model.onnx")
    source = np.array([rows[5], rows[-1], [4] * 8], np.int64)
    feed = {"source": source, "source_length": np.full(3, 8), "max_length": np.array(-1)}
    (found,) = runtime([(tmp_path / "model.onnx", feed)])
    wanted = run_session(session(built), feed)
    np.testing.assert_array_equal(np.reshape(found["tokens"], -1), wanted["tokens"].reshape(-1))
    assert wanted["tokens"][:2, 0, :3].tolist() == [[*row[:2], 2] for row in (rows[5], rows[-1])]


def test_every_setting_is_asked_and_every_case_of_a_file():
    """The cases are those of all settings that a file can take, and no file lacks every one."""
    offers = []
    for kind, settings in KINDS.items():
        search = {"kind": kind, **settings}
        model = compile_model(example(MODELS[0]).spec.set({"search": search}))
        offers.append({setting.name for setting in model.tracing().possible()})
    assert set().union(*offers) == {name for case in CASES for name in case} | {"max_length_ratio"}
    assert all(any({*case} <= offered for offered in offers) for case in CASES)
