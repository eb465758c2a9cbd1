"""Rows of arrays as hypotheses."""

from dataclasses import replace

import numpy as np

from s2sgraph.runtime import Contract, Output
from s2sgraph.runtime.results import results
from s2sgraph.text import Characters, Vocabulary

CONTRACT = Contract(
    version="0",
    graph="decode",
    spec="",
    inputs=(),
    outputs=(
        Output("tokens", "int64", ("batch", "n_best", "length")),
        Output("lengths", "int64", ("batch", "n_best")),
        Output("scores", "float32", ("batch", "n_best")),
        Output("token_scores", "float32", ("batch", "n_best", "length")),
        Output("attention", "float32", ("batch", "n_best", "length", "source")),
        Output("memory", "float32", ("batch", "source", "feature")),
    ),
    vocabularies={"target": Vocabulary.of(Characters(), "ab")},
    hashes={},
)
ARRAYS = {
    "tokens": np.array([[[4, 5, 2], [4, 2, 0]], [[2, 0, 0], [0, 0, 0]]]),
    "lengths": np.array([[3, 2], [1, 0]]),
    "scores": np.array([[-1.0, -2.0], [-3.0, -np.inf]], np.float32),
    "token_scores": np.arange(12.0).reshape(2, 2, 3),
    "attention": np.arange(48.0).reshape(2, 2, 3, 4),
    "memory": np.arange(24.0).reshape(2, 4, 3),
}


def test_hypotheses_are_best_first_with_their_own_lengths() -> None:
    first, second = results(CONTRACT, ARRAYS, {"source": [4, 2]})
    assert [(h.text, h.tokens, h.score) for h in first] == [
        ("ab", (4, 5, 2), -1.0),
        ("a", (4, 2), -2.0),
    ]
    assert [(h.text, h.tokens) for h in second] == [("", (2,))]


def test_extra_outputs_are_cut_to_the_sequence() -> None:
    first, second = results(CONTRACT, ARRAYS, {"source": [4, 2]})
    assert first[1].extras["token_scores"].tolist() == [3, 4]
    assert first[1].extras["attention"].tolist() == [[12, 13, 14, 15], [16, 17, 18, 19]]
    assert second[0].extras["attention"].tolist() == [[24, 25]]
    assert second[0].extras["memory"].shape == (2, 3)


def test_extra_outputs_of_a_single_hypothesis() -> None:
    outputs = [
        replace(output, axes=tuple(1 if axis == "n_best" else axis for axis in output.axes))
        for output in CONTRACT.outputs
    ]
    arrays = {name: value if name == "memory" else value[:, :1] for name, value in ARRAYS.items()}
    found = results(replace(CONTRACT, outputs=tuple(outputs)), arrays, {"source": [4, 2]})
    assert found[0].best.extras["token_scores"].tolist() == [0, 1, 2]
    assert found[1].best.extras["attention"].tolist() == [[24, 25]]


def test_an_infinite_score_of_the_only_hypothesis_is_kept() -> None:
    arrays = ARRAYS | {"scores": np.full((2, 2), -np.inf, np.float32)}
    assert [len(result) for result in results(CONTRACT, arrays, {"source": [4, 2]})] == [1, 1]
