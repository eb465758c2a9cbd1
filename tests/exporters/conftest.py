"""Other runtimes to try files on, each in an environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

OLDEST = "1.17.3"
RELEASES = (OLDEST, "1.20.1", "1.24.4")
NATIVE_CLIENT = """
import sys, numpy, onnxruntime
for stem in sys.argv[1:]:
    session = onnxruntime.InferenceSession(stem + ".onnx", providers=["CPUExecutionProvider"])
    feed = dict(numpy.load(stem + ".npz", allow_pickle=True))
    found = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})
    names = [output.name for output in session.get_outputs()]
    numpy.savez(stem + ".out.npz", **dict(zip(names, found)))
"""
WEB_CLIENT = """
import * as ort from "onnxruntime-web";
import { readFileSync } from "node:fs";

ort.env.wasm.numThreads = 1;
const arrays = {
  int64: (data) => BigInt64Array.from(data.map(BigInt)),
  float32: (data) => Float32Array.from(data),
  string: (data) => data,
};
// JSON has no infinity.
const finite = (value) => (Number.isFinite(value) ? value : String(value));
const plain = (value) =>
  typeof value === "bigint" ? Number(value) : typeof value === "number" ? finite(value) : value;
for (const line of readFileSync(0, "utf8").trim().split("\\n")) {
  const { file, inputs } = JSON.parse(line);
  const session = await ort.InferenceSession.create(readFileSync(file));
  const feed = {};
  for (const [name, { dims, data, type }] of Object.entries(inputs)) {
    feed[name] = new ort.Tensor(type, arrays[type](data), dims);
  }
  const found = Object.entries(await session.run(feed)).map(
    ([name, { dims, data, type }]) => [name, { dims, type, data: Array.from(data, plain) }]);
  console.log(JSON.stringify(Object.fromEntries(found)));
}
"""
TYPES = {"float32": np.float32, "int64": np.int64, "string": str}
Arrays = dict[str, Any]
Asked = list[tuple[Path, Arrays]]
Runner = Callable[[Asked], list[Arrays]]
"""Runs files on inputs, by their paths: the outputs of each by name."""


@pytest.fixture(scope="session")
def native_runtimes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Runner]:
    """Releases of onnxruntime by their numbers."""

    @cache
    def runner(release: str) -> Runner:
        folder = tmp_path_factory.mktemp("native")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = folder / "bin" / "python"
        command = [python, "-m", "pip", "install", "-q", f"onnxruntime=={release}", "numpy<2"]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode:
            pytest.skip(f"pip cannot install onnxruntime {release}: {installed.stderr[-200:]}")

        def run(asked: Asked) -> list[Arrays]:
            stems = [str(path.with_suffix("")) for path, _ in asked]
            for stem, (_, feed) in zip(stems, asked, strict=True):
                np.savez(f"{stem}.npz", **feed)
            subprocess.run([python, "-c", NATIVE_CLIENT, *stems], check=True)
            return [dict(np.load(f"{stem}.out.npz", allow_pickle=True)) for stem in stems]

        return run

    return runner


@pytest.fixture(scope="session")
def old_runtime(native_runtimes: Callable[[str], Runner]) -> Runner:
    """The oldest onnxruntime that loads the files."""
    return native_runtimes(OLDEST)


@pytest.fixture(scope="session")
def web_runtime(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The wasm build that browsers load, onnxruntime-web, under node."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("browser")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "onnxruntime-web"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot install onnxruntime-web: {done.stderr[-200:]}")
    (folder / "client.mjs").write_text(WEB_CLIENT)

    def run(asked: Asked) -> list[Arrays]:
        lines = [json.dumps({"file": str(path), "inputs": _plain(feed)}) for path, feed in asked]
        command = ["node", "client.mjs"]
        done = subprocess.run(
            command, cwd=folder, input="\n".join(lines), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return [
            {
                name: np.array(value["data"], TYPES[value["type"]]).reshape(value["dims"])
                for name, value in json.loads(line).items()
            }
            for line in done.stdout.splitlines()
        ]

    return run


@pytest.fixture(params=[*RELEASES, "wasm"])
def runtime(request: pytest.FixtureRequest, native_runtimes: Callable[[str], Runner]) -> Runner:
    """Each other runtime in its turn."""
    if request.param == "wasm":
        found: Runner = request.getfixturevalue("web_runtime")
        return found
    return native_runtimes(request.param)


def _plain(feed: Arrays) -> dict[str, Any]:
    return {
        name: {
            "dims": array.shape,
            "data": array.ravel().tolist(),
            "type": "string" if array.dtype == object else array.dtype.name,
        }
        for name, array in feed.items()
    }
