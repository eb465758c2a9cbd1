"""Alignments from the weights of attention."""

from dataclasses import replace

import numpy as np
import pytest

from s2sgraph.runtime import Contract, Hypothesis, Input, Output
from s2sgraph.runtime.alignments import alignment, attention, attention_outputs

CONTRACT = Contract(
    version="0",
    graph="decode",
    spec="",
    inputs=(
        Input("source", "int64", ("batch", "source"), required=True),
        Input("source_length", "int64", ("batch",), required=False, default=[]),
    ),
    outputs=(
        Output("lengths", "int64", ("batch", "n_best")),
        Output("memory", "float32", ("batch", "source", 8)),
        Output("first.weights", "float32", ("batch", "n_best", "length", "source")),
        Output("second.weights", "float32", ("batch", "n_best", "length", "head", "source")),
    ),
    vocabularies={},
    hashes={},
)


def test_attention_is_what_has_a_place_of_the_target_and_of_the_source() -> None:
    names = [output.name for output in attention_outputs(CONTRACT)]
    assert names == ["first.weights", "second.weights"]
    lines = Input("source_text", "string", ("batch",), required=True)
    by_text = replace(CONTRACT, inputs=(lines,))
    assert [output.name for output in attention_outputs(by_text)] == names


def test_heads_are_averaged() -> None:
    heads = np.array([[[1, 0], [0.5, 0.5]], [[0, 1], [0, 1]]], np.float32)
    hypothesis = Hypothesis((4, 2), None, 0.0, {"second.weights": heads, "first": heads[:, 0]})
    found = attention(hypothesis, "second.weights")
    np.testing.assert_allclose(found, [[0.75, 0.25], [0, 1]])
    np.testing.assert_allclose(attention(hypothesis, "first"), heads[:, 0])


@pytest.mark.parametrize(
    ("weights", "pairs"),
    [
        ([[0.1, 0.9], [0.8, 0.2]], [(1, 0), (0, 1)]),
        ([[0.5, 0.5]], [(0, 0)]),
        ([[0.0, 0.0], [0.0, 1.0]], [(1, 1)]),
        (np.zeros((0, 3)), []),
        (np.zeros((3, 0)), []),
    ],
)
def test_each_place_goes_with_the_greatest_weight(
    weights: list[list[float]], pairs: list[tuple[int, int]]
) -> None:
    assert alignment(np.array(weights)) == pairs
