"""The same spec and weights give the same file, byte for byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from compiled import NAMES, drawn, example, trained
from engines import build_onnx, run_session, session

CODE = """
import hashlib, sys, warnings
folder, *graphs = sys.argv[1:]
sys.path.insert(0, folder)
from compiled import NAMES, example, trained
from engines import build_onnx
import onnx_ir as ir
for name in NAMES:
    model = example(name)
    for graph in graphs:
        weights = trained(model)
        metadata = model.metadata(graph, weights)
        proto = ir.to_proto(build_onnx(model.trace(graph), weights, metadata=metadata))
        data = proto.SerializeToString()
        print(name, graph, hashlib.sha256(data).hexdigest())
model = example("specs/dates")
spelling = model.spelling("decode", "standard")
text = build_onnx(model.trace("decode"), trained(model), spelling=spelling)
print("text", hashlib.sha256(ir.to_proto(text).SerializeToString()).hexdigest())
"""


def hashes(seed, graphs):
    result = subprocess.run(
        [sys.executable, "-c", CODE, str(Path(__file__).parent.parent), *graphs],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    "graphs", [["decode"], pytest.param(["score", "encode", "step"], marks=pytest.mark.long)]
)
def test_files_are_equal_in_fresh_processes(graphs):
    first, second = hashes(1, graphs), hashes(4242, graphs)
    assert len(first) == len(graphs) * len(NAMES) + 1
    assert first == second


def test_an_exported_file_is_equal_to_itself(tmp_path):
    model = example("specs/dates")
    weights = trained(model)
    files = [model.export(tmp_path / name, weights).read_bytes() for name in ("a.onnx", "b.onnx")]
    assert files[0] == files[1]


@pytest.mark.long
def test_files_load_in_onnxruntime_1_17(old_runtime, tmp_path):
    """An older runtime computes the same."""
    asked, wanted = [], []
    for number, name in enumerate(NAMES):
        model = example(name)
        built = build_onnx(model.trace("decode"), trained(model))
        path = tmp_path / f"model{number}.onnx"
        ir.save(built, path)
        feed = {
            key: np.asarray(a, np.float32 if a.dtype.kind == "f" else np.int64)
            for key, a in drawn(model, "decode").items()
        }
        asked.append((path, feed))
        wanted.append(run_session(session(built), feed))
    for expected, found in zip(wanted, old_runtime(asked), strict=True):
        for key, array in expected.items():
            np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-4)
