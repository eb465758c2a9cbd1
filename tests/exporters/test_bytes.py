"""The same spec and weights give the same file, byte for byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import NAMES, drawn, example, trained
from engines import run_session, session

CODE = """
import hashlib, sys, warnings
sys.path.insert(0, sys.argv[1])
from compiled import NAMES, example, trained
from engines import build_onnx
import onnx_ir as ir
for name in NAMES:
    model = example(name)
    for graph in ("decode", "score"):
        weights = trained(model)
        metadata = model.metadata(graph, weights)
        proto = ir.to_proto(build_onnx(model.trace(graph), weights, metadata=metadata))
        data = proto.SerializeToString()
        print(name, graph, hashlib.sha256(data).hexdigest())
"""


def hashes(seed):
    result = subprocess.run(
        [sys.executable, "-c", CODE, str(Path(__file__).parent.parent)],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()


def test_files_are_equal_in_fresh_processes():
    first, second = hashes(1), hashes(4242)
    assert len(first) == 2 * len(NAMES)
    assert first == second


def test_an_exported_file_is_equal_to_itself(tmp_path):
    model = example("specs/dates")
    weights = trained(model)
    files = [model.export(tmp_path / name, weights).read_bytes() for name in ("a.onnx", "b.onnx")]
    assert files[0] == files[1]


@pytest.mark.long
def test_files_load_in_onnxruntime_1_17(tmp_path):
    """An older runtime, in an environment of its own, computes the same."""
    python = tmp_path / "old" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "old"], check=True)
    wanted = ["onnxruntime==1.17.3", "numpy<2"]
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True, check=False
    )
    if installed.returncode:
        pytest.skip(f"pip cannot install onnxruntime 1.17.3: {installed.stderr[-200:]}")
    code = (
        "import sys, numpy, onnxruntime as o\n"
        "for stem in sys.argv[1:]:\n"
        "    s = o.InferenceSession(stem + '.onnx', providers=['CPUExecutionProvider'])\n"
        "    feed = dict(numpy.load(stem + '.npz'))\n"
        "    found = s.run(None, {i.name: feed[i.name] for i in s.get_inputs()})\n"
        "    names = [x.name for x in s.get_outputs()]\n"
        "    numpy.savez(stem + '.out.npz', **dict(zip(names, found)))\n"
    )
    import numpy as np
    import onnx_ir as ir
    from engines import build_onnx

    stems, results = [], {}
    for number, name in enumerate(NAMES):
        model = example(name)
        weights = trained(model)
        built = build_onnx(model.trace("decode"), weights)
        stem = tmp_path / f"model{number}"
        ir.save(built, f"{stem}.onnx")
        feed = {
            key: np.asarray(a, np.float32 if a.dtype.kind == "f" else np.int64)
            for key, a in drawn(model, "decode").items()
        }
        np.savez(f"{stem}.npz", **feed)
        stems.append(str(stem))
        results[str(stem)] = run_session(session(built), feed)
    subprocess.run([python, "-c", code, *stems], check=True)
    for stem in stems:
        found = np.load(f"{stem}.out.npz")
        for key, array in results[stem].items():
            np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-4)
