"""The files in onnxruntime-web, the wasm build that browsers load, run by node."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from compiled import NAMES, drawn, example, trained


@pytest.mark.long
def test_every_example_gives_the_same_in_wasm(web_runtime, tmp_path):
    asked, wanted = [], []
    for number, name in enumerate(NAMES):
        model = example(name)
        file = model.export(tmp_path / f"{number}.onnx", trained(model))
        session = onnxruntime.InferenceSession(file)
        kinds = {"tensor(int64)": np.int64, "tensor(float)": np.float32}
        inputs = drawn(model, "decode")
        feed = {i.name: np.asarray(inputs[i.name], kinds[i.type]) for i in session.get_inputs()}
        names = [output.name for output in session.get_outputs()]
        wanted.append(dict(zip(names, session.run(names, feed), strict=True)))
        asked.append((file, feed))
    for name, expected, found in zip(NAMES, wanted, web_runtime(asked), strict=True):
        for key, array in expected.items():
            np.testing.assert_allclose(found[key], array, atol=1e-4, err_msg=f"{name}: {key}")
