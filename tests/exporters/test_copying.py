"""Copying and monotonic attention in other runtimes: scatters and cumulative sums do the same."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from compiled import drawn, example, trained

from s2sgraph.model import compile as compile_model

NAMES = ("specs/pointer_generator", "specs/monotonic")


@pytest.mark.long
@pytest.mark.parametrize("runtime", ["old_runtime", "web_runtime"])
def test_files_give_the_same_elsewhere(runtime, request, tmp_path):
    asked, wanted = [], []
    for name in NAMES:
        for search in ("greedy", "beam"):
            model = compile_model(example(name).spec.set({"search": search}))
            weights = trained(model)
            if "decoder.output.gate_bias" in weights:
                weights["decoder.output.gate_bias"] -= 5  # copies come out
            for graph in ("decode", "score"):
                path = tmp_path / f"{name.partition('/')[2]}_{search}_{graph}.onnx"
                model.export(path, weights, graph=graph)
                session = onnxruntime.InferenceSession(path)
                inputs = drawn(model, graph, rows=30)
                feed = {i.name: np.asarray(inputs[i.name], np.int64) for i in session.get_inputs()}
                names = [output.name for output in session.get_outputs()]
                asked.append((path, feed))
                wanted.append(dict(zip(names, session.run(names, feed), strict=True)))
    assert any((found["tokens"] >= 13).any() for found in wanted if "tokens" in found)
    for expected, found in zip(wanted, request.getfixturevalue(runtime)(asked), strict=True):
        for name, array in expected.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-4, err_msg=name)
