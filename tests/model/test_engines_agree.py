"""Every example spec means the same in numpy, torch and onnxruntime, taught and decoding."""

from __future__ import annotations

import pytest
from compiled import NAMES, assert_agree, drawn, example, expected, trained
from engines import PREPARED


@pytest.mark.parametrize("graph", ["teach", "score", "decode"])
@pytest.mark.parametrize("name", NAMES)
def test_engines_compute_what_the_reference_says(name, graph):
    model = example(name)
    weights = trained(model)
    inputs = drawn(model, graph)
    wanted = expected(model, graph, weights, inputs)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace(graph), weights)(inputs), wanted)
