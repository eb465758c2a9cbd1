"""Every example spec means the same in numpy, torch and onnxruntime, taught and decoding."""

from __future__ import annotations

import pytest
from compiled import NAMES, assert_agree, drawn, example, expected, trained
from engines import FAST, PREPARED
from long_cases import long_but

OTHERS = tuple(name for name in PREPARED if name not in FAST)


@pytest.mark.parametrize("engines", long_but([FAST], [FAST, OTHERS]))
@pytest.mark.parametrize("graph", ["teach", "score", "decode"])
@pytest.mark.parametrize("name", NAMES)
def test_engines_compute_what_the_reference_says(name, graph, engines):
    model = example(name)
    weights = trained(model)
    inputs = drawn(model, graph)
    wanted = expected(model, graph, weights, inputs)
    for engine in engines:
        assert_agree(PREPARED[engine](model.trace(graph), weights)(inputs), wanted)
