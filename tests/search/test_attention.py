"""What each hypothesis attended to is what its symbols attend to when they are given."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, drawn, example, trained
from engines import PREPARED

from s2sgraph.exporting import ExportError
from s2sgraph.graph import reference
from s2sgraph.model import compile as compile_model
from s2sgraph.spec.errors import SpecError

BEAM = {"kind": "beam", "beams": 4, "n_best": 3, "length_penalty": "average"}
OUTPUTS = {
    "specs/dates": ["attention", "context.weights"],
    "specs/coverage": ["attention"],
    "specs/transformer": ["attention", "block[0].attention.heads", "block[1].attention.heads"],
    "specs/ssru_student": ["attention", "block[0].attention.weights"],
}


@pytest.mark.parametrize("search", ["greedy", BEAM], ids=["greedy", "beam"])
@pytest.mark.parametrize("name", OUTPUTS)
def test_attention_of_hypotheses(name, search):
    model, outputs = compile_model(example(name).spec.set({"search": search})), OUTPUTS[name]
    weights, inputs = trained(model), drawn(model, "decode")
    found = reference.run(model.trace("decode", outputs), weights, inputs)
    given = {name: inputs[name] for name in ("source", "source_length")}
    for rank in range(found["tokens"].shape[1]):
        tokens = found["tokens"][:, rank]
        told = reference.run(model.trace("score", outputs), weights, {**given, "target": tokens})
        np.testing.assert_allclose(found["token_scores"][:, rank], told["token_scores"], atol=1e-9)
        live = np.arange(tokens.shape[1]) < found["lengths"][:, rank, None]
        for output in outputs:
            wanted = told[output]
            wanted = np.where(live.reshape(*live.shape, *[1] * (wanted.ndim - 2)), wanted, 0)
            np.testing.assert_allclose(found[output][:, rank], wanted, atol=1e-9, err_msg=output)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("decode", outputs), weights)(inputs), found)


def test_the_mean_of_the_heads():
    model = example("specs/transformer")
    outputs = ["attention", "block[1].attention.heads"]
    found = reference.run(model.trace("decode", outputs), trained(model), drawn(model, "decode"))
    np.testing.assert_allclose(
        found["attention"], found["block[1].attention.heads"].mean(-2), atol=1e-12
    )


def test_models_without_attention():
    model = example("specs/rnn_basic")
    with pytest.raises(SpecError, match="nothing is called attention"):
        model.trace("decode", ["attention"])
    with pytest.raises(SpecError, match="has no part heads"):
        example("specs/dates").trace("decode", ["context.heads"])
    covering = {"kind": "beam", "coverage_penalty": 0.2}
    with pytest.raises(SpecError, match="the decoder has no attention"):
        compile_model(model.spec.set({"search": covering})).trace("decode")


def test_inputs_that_no_search_has():
    with pytest.raises(ExportError, match="greedy has no input 'beams' to offer; there are"):
        example("specs/dates").trace("decode", inputs=["beams"])
