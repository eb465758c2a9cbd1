"""Beam search at the edges: no rows, no places, no steps; results that end at once, or never."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from compiled import assert_agree, drawn, expected, model_of, searching, trained
from engines import PREPARED

from s2sgraph.graph import reference

KINDS = {
    "specs/dates": {"coverage_penalty": 0.3},
    "specs/transformer": {"stop": "first"},
    "specs/ssru_student": {"max_length_ratio": 2.0, "length_penalty": "average"},
    "specs/tagger": {},
}
INPUTS = ("max_length", "beams", "n_best")
WIDTH, LIMIT = 4, 5
HUGE = 1 << 40


def cases(model):
    """Inputs at the edges, by what is at the edge."""
    some = drawn(model, "decode", rows=3, width=WIDTH, max_length=LIMIT)
    some |= {"beams": np.array(3), "n_best": np.array(2)}

    def own(*numbers):
        return {"source_length": np.array(numbers, int)}

    def rows(count):
        return {n: a if a.ndim == 0 else a[:count] for n, a in some.items()}

    narrow = {"source": some["source"][:, :0]}
    none = rows(0)
    return {
        "as drawn": some,
        "no rows": none,
        "no rows, no places": {**none, "source": none["source"][:, :0]},
        "no places": {**some, **narrow, **own(0, 0, 0)},
        "no places, no lengths": {**some, **narrow, **own()},
        "a length of 0": {**some, **own(0, 3, 1)},
        "one place": {**some, **own(1, 1, 1)},
        "all padding": {**some, **own(0, 0, 0), "source": some["source"] * 0},
        "no lengths": {**some, **own()},
        "lengths beyond the width": {**some, **own(WIDTH + 5, -3, HUGE)},
        "max_length 0": {**some, "max_length": np.array(0)},
        "max_length 0, no rows": {**none, "max_length": np.array(0)},
        "max_length 1": {**some, "max_length": np.array(1)},
        "no beams": {**some, "beams": np.array(0), "n_best": np.array(0)},
        "one row, one beam": {**rows(1), "beams": np.array(1), "n_best": np.array(1)},
        "many beams": {**some, "beams": np.array(200), "n_best": np.array(200)},
        "ends at once": {**some, "max_length": np.array(HUGE)},
        "ends at once, 2**31": {**some, "max_length": np.array(1 << 31)},
        "never ends": {**some, "max_length": np.array(30)},
    }


@cache
def model_and_weights(name, urge):
    model = searching(name, **KINDS[name])
    weights = trained(model, 7)
    if model.spec.target.length == "free":
        weights["decoder.output.bias"][model.spec.special.eos] += urge
    return model, weights


def urge_of(case):
    return 100.0 if case.startswith("ends") else -100.0 if case.startswith("never") else 0.0


@cache
def prepared(name, engine, urge):
    model, weights = model_and_weights(name, urge)
    return PREPARED[engine](model.trace("decode", inputs=INPUTS), weights)


@pytest.mark.parametrize("engine", ["torch", "onnx", "onnx, not optimised"])
@pytest.mark.parametrize("name", KINDS)
def test_engines_at_the_edges(name, engine):
    for case, inputs in cases(searching(name, **KINDS[name])).items():
        model, weights = model_and_weights(name, urge_of(case))
        if case.startswith("ends") and model.spec.target.length != "free":
            continue
        wanted = reference.run(model.trace("decode", inputs=INPUTS), weights, inputs)
        try:
            assert_agree(prepared(name, engine, urge_of(case))(inputs), wanted)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from None


@pytest.mark.parametrize("name", [name for name in KINDS if name != "specs/tagger"])
def test_what_the_edges_mean(name):
    def outcome(case):
        found = prepared(name, "onnx", urge_of(case))(given[case])
        assert not any(np.isnan(array).any() for array in found.values())
        return found

    given = cases(searching(name, **KINDS[name]))
    assert outcome("no rows")["tokens"].shape[:2] == (0, 2)
    empty = outcome("max_length 0")
    assert empty["tokens"].shape == (3, 2, 0)
    assert not empty["lengths"].any()
    for key in ("scores", "ranking"):
        np.testing.assert_array_equal(empty[key], [[0, -np.inf]] * 3)
    one = outcome("max_length 1")
    assert one["tokens"].shape == (3, 2, 1)
    assert (one["tokens"][:, 0] != one["tokens"][:, 1]).all()
    once = outcome("ends at once")
    assert (once["tokens"][:, 0, 0] == 2).all()
    assert (once["lengths"][:, 0] == 1).all()
    most = {"specs/ssru_student": WIDTH * 2}.get(name, 30)
    assert outcome("never ends")["lengths"].max() == most
    assert outcome("no beams")["tokens"].shape[1] == 1
    assert outcome("many beams")["tokens"].shape[1] == 200


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_vocabularies_of_hardly_any_symbols(engine):
    """Only the end and the unknown symbol can be chosen, or one more; there are more beams."""
    for size in (4, 5):
        side = {"tokens": "ids", "size": size}
        model = model_of(
            {
                "source": side,
                "target": side,
                "encoder": [{"embedding": 4}],
                "decoder": [
                    {"embedding": 4},
                    {"dense": {"from": ["embedding", "encoder.mean"], "size": 4}},
                    "output",
                ],
                "search": {"kind": "beam", "beams": 8, "n_best": 8, "length_penalty": "average"},
            }
        )
        weights = trained(model)
        inputs = {
            "source": np.full((2, 3), 3),
            "source_length": np.array([3, 1]),
            "max_length": np.array(3),
        }
        wanted = expected(model, "decode", weights, inputs)
        count = sum((size - 3) ** n for n in range(3)) + (size - 3) ** 3
        assert (np.isfinite(wanted["scores"]).sum(1) == min(count, 8)).all()
        assert_agree(PREPARED[engine](model.trace("decode"), weights)(inputs), wanted)
