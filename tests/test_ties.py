"""Rows that differ because of a tie are told from rows that are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import example, model_of, trained

from s2sgraph.exporting import ExportError
from s2sgraph.graph import reference
from s2sgraph.spec.dumping import plain
from s2sgraph.ties import without_ties
from s2sgraph.verifying import compare, draw

MODEL = "specs/dates"
SEARCHES = {
    "greedy": {"kind": "greedy"},
    "beam": {"kind": "beam", "beams": 3, "n_best": 2},
    "ranked": {
        "kind": "beam",
        "beams": 3,
        "n_best": 2,
        "length_penalty": {"kind": "gnmt", "alpha": 0.7},
    },
}


def case(search, likely=50.0):
    """A model in which symbols 5 and 6 are as good at every step, but do not lead to the same."""
    model = model_of({**plain(example(MODEL).spec), "search": search})
    weights = trained(model)
    weights["decoder.output.weight"][5] = weights["decoder.output.weight"][6]
    weights["decoder.output.bias"][5:7] = likely
    inputs = draw(model.tracing(), "decode") | {"max_length": np.array(3)}
    return model, weights, inputs


def test_symbols_that_are_as_good_may_differ():
    """Two symbols with one row of output weights: either may be chosen, a third may not."""
    model, weights, inputs = case(SEARCHES["greedy"])
    inputs["max_length"] = np.array(14)
    expected = reference.run(model.trace("decode"), weights, inputs)
    assert (expected["tokens"] == 5).all()
    for other, fine in ((6, True), (7, False)):
        found = {name: array.copy() for name, array in expected.items()}
        found["tokens"][1, 0, 3:] = other
        found["scores"][1] += 0 if fine else 1
        if fine:
            kept = without_ties(model.tracing(), weights, inputs, expected, found)
            assert kept[0]["tokens"].shape[0] == 2
            assert compare(*kept)["tokens"] == 0
        else:
            with pytest.raises(ExportError, match="tokens of row 2 differ from place 4 on"):
                without_ties(model.tracing(), weights, inputs, expected, found)


@pytest.mark.parametrize("kind", SEARCHES)
def test_what_rounding_decides_may_differ(kind):
    """The other of two symbols leads to other scores; a hair more for it changes the result."""
    model, weights, inputs = case(SEARCHES[kind], likely=1.0)
    expected = reference.run(model.trace("decode"), weights, inputs)
    hair = {path: array.astype(float) for path, array in weights.items()}
    hair["decoder.output.bias"][6] += 1e-9
    found = reference.run(model.trace("decode"), hair, inputs)
    differ = (found["tokens"] != expected["tokens"]).any((1, 2))
    assert differ.any()
    kept = without_ties(model.tracing(), weights, inputs, expected, found)
    assert len(kept[0]["tokens"]) == (~differ).sum()
    compare(*kept)


@pytest.mark.parametrize("kind", SEARCHES)
def test_what_a_wrong_model_gives_is_noticed(kind):
    model, weights, inputs = case(SEARCHES[kind], likely=1.0)
    expected = reference.run(model.trace("decode"), weights, inputs)
    wrong = {path: array.copy() for path, array in weights.items()}
    wrong["decoder.output.bias"][8] += 1
    found = reference.run(model.trace("decode"), wrong, inputs)
    with pytest.raises(ExportError, match=r"tokens of row \d.* differ from place \d on"):
        without_ties(model.tracing(), weights, inputs, expected, found)


def test_scores_must_be_those_of_the_tokens():
    """Tokens as good, and the score that was expected: but of other tokens."""
    model, weights, inputs = case(SEARCHES["beam"], likely=0.0)
    expected = reference.run(model.trace("decode"), weights, inputs)
    found = {name: array.copy() for name, array in expected.items()}
    found["tokens"][0, 0, 0] = 9 if found["tokens"][0, 0, 0] != 9 else 10
    with pytest.raises(ExportError, match="tokens of row 1, hypothesis 1, differ from place 1 on"):
        without_ties(model.tracing(), weights, inputs, expected, found)


def test_numbers_without_end_are_compared():
    """Of a hypothesis that there is not."""
    lost = {"scores": np.array([[-1.0, -np.inf]])}
    assert compare(lost, {"scores": np.array([[-1.0, -np.inf]], np.float32)}) == {"scores": 0}
    for other in (-5.0, np.inf, np.nan):
        with pytest.raises(ExportError, match="scores differs"):
            compare(lost, {"scores": np.array([[-1.0, other]])})
        with pytest.raises(ExportError, match="scores differs"):
            compare({"scores": np.array([[-1.0, other]])}, lost)
