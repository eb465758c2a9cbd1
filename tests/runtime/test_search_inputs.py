"""Settings of a search that no run can mean are refused before the runtime sees them."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import example, trained

from s2sgraph.model import compile as compile_model
from s2sgraph.runtime import ModelError, Session

INPUTS = (
    *("max_length", "beams", "n_best", "length_penalty", "stop", "min_length"),
    *("banned", "allowed", "prefix", "no_repeat_ngram", "repetition_penalty"),
)
BAD = (
    ("beams", 2.5, "beams: type float64; expected int64"),
    ("beams", "4", "beams: type"),
    ("beams", [4], r"beams: shape \[1\]; expected int64"),
    ("beams", True, "beams: type bool; expected int64"),
    ("beams", 2**63, "beams: 9223372036854775808 is too large"),
    ("beam", 4, "unknown input 'beam'; did you mean 'beams'"),
    ("n_best", None, None),
    ("n_best", [1, 2], r"n_best: shape \[2\]"),
    ("length_penalty", "gnmt", "length_penalty: type"),
    ("length_penalty", [0.5], r"length_penalty: shape \[1\]; expected float32"),
    ("max_length", 1.0, "max_length: type float64; expected int64"),
    ("min_length", [[1]], r"min_length: shape \[1, 1\]"),
    ("banned", 4, r"banned: shape \[\]; expected int64\[banned\]"),
    ("banned", [4, 99], "banned: 99 at column 1; expected ids from 0 to 12"),
    ("banned", [-1], "banned: -1 at column 0; expected ids from 0 to 12"),
    ("banned", ["a"], "banned: type"),
    ("allowed", [5, 13], "allowed: 13 at column 1; expected ids from 0 to 12"),
    ("allowed", [[5]], r"allowed: shape \[1, 1\]; expected int64\[allowed\]"),
    ("prefix", [[5], [99]], "prefix: 99 at row 1"),
    ("prefix", [[5, 6], [7]], "prefix: rows of unequal length"),
    ("prefix", [[5]], "prefix: batch is 1, but 2 in source"),
    ("stop", "first", "stop: type"),
    ("repetition_penalty", [], r"repetition_penalty: shape \[0\]"),
    ("temperature", 0.5, "unknown input 'temperature'"),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    search = {"kind": "beam", "beams": 3, "max_length": 6}
    model = compile_model(example("specs/dates").spec.set({"search": search}))
    file = tmp_path_factory.mktemp("search") / "model.onnx"
    return Session(model.export(file, trained(model), inputs=INPUTS))


@pytest.mark.parametrize(("name", "value", "says"), BAD)
def test_settings_that_nobody_can_mean(session, name, value, says):
    source = np.array([[4, 5, 6], [7, 8, 0]])
    given = {"source": source, "source_length": np.array([3, 2]), name: value}
    if says is None:
        assert session.decode(**given)["tokens"].shape[:2] == (2, 1)
        return
    with pytest.raises(ModelError, match=says):
        session.decode(**given)


def test_what_is_left_out_is_left_to_the_file(session):
    plain = session.run([[4, 5, 6]])[0]
    said = session.run([[4, 5, 6]], beams=-1, n_best=-1, banned=[], allowed=[])[0]
    assert plain.tokens == said.tokens
    assert len(session.run([[4, 5, 6]], n_best=3)[0]) == 3
    forced = session.run([[4, 5, 6], [7]], prefix=[9, 8], max_length=4)
    assert [result.tokens[:2] for result in forced] == [(9, 8)] * 2
