"""The files in onnxruntime-web, the wasm build that browsers load, run by node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from compiled import NAMES, drawn, example, trained

CLIENT = """
import * as ort from "onnxruntime-web";
import { readFileSync } from "node:fs";

ort.env.wasm.numThreads = 1;
for (const line of readFileSync(0, "utf8").trim().split("\\n")) {
  const { file, inputs } = JSON.parse(line);
  const session = await ort.InferenceSession.create(readFileSync(file));
  const feed = {};
  for (const [name, { dims, data, type }] of Object.entries(inputs)) {
    const array = type === "int64" ? BigInt64Array.from(data.map(BigInt)) : Float32Array.from(data);
    feed[name] = new ort.Tensor(type, array, dims);
  }
  const found = Object.entries(await session.run(feed));
  const plain = (tensor) => ({ dims: tensor.dims, data: Array.from(tensor.data, Number) });
  const named = found.map(([name, tensor]) => [name, plain(tensor)]);
  console.log(JSON.stringify(Object.fromEntries(named)));
}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Path:
    """A folder with onnxruntime-web and the client."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("browser")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "onnxruntime-web"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot install onnxruntime-web: {done.stderr[-200:]}")
    (folder / "client.mjs").write_text(CLIENT)
    return folder


@pytest.mark.long
def test_every_example_gives_the_same_in_wasm(client):
    lines, wanted = [], []
    for number, name in enumerate(NAMES):
        model = example(name)
        file = model.export(client / f"{number}.onnx", trained(model))
        session = onnxruntime.InferenceSession(file)
        kinds = {"tensor(int64)": np.int64, "tensor(float)": np.float32}
        inputs = drawn(model, "decode")
        feed = {i.name: np.asarray(inputs[i.name], kinds[i.type]) for i in session.get_inputs()}
        names = [output.name for output in session.get_outputs()]
        wanted.append(dict(zip(names, session.run(names, feed), strict=True)))
        plain = {
            key: {"dims": array.shape, "data": array.ravel().tolist(), "type": array.dtype.name}
            for key, array in feed.items()
        }
        lines.append(json.dumps({"file": str(file), "inputs": plain}))
    done = subprocess.run(
        ["node", "client.mjs"], cwd=client, input="\n".join(lines), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for name, expected, outputs in zip(NAMES, wanted, found, strict=True):
        for key, array in expected.items():
            other = np.reshape(outputs[key]["data"], outputs[key]["dims"])
            np.testing.assert_allclose(other, array, atol=1e-4, err_msg=f"{name}: {key}")
