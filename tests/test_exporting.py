"""An export leaves a verified file or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from compiled import example, trained

from s2sgraph.exporting import ExportError, exporter
from s2sgraph.weights import WeightError

MODEL = "specs/dates"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_does_not_compute_the_same_is_not_left(tmp_path):
    model, target = example(MODEL), tmp_path / "model.onnx"
    target.write_bytes(b"the one before")

    def differs(file):
        assert file.stat().st_size > 1000
        raise ExportError("tokens differ")

    with pytest.raises(ExportError, match="tokens differ"):
        model.export(target, verify=differs)
    assert files(tmp_path) == ["model.onnx"]
    assert target.read_bytes() == b"the one before"


def test_a_wrong_file_is_noticed(tmp_path, monkeypatch):
    """The verification itself: a bias that the written file has and the model has not."""
    model = example(MODEL)
    onnx_exporter = exporter("onnx")
    write = onnx_exporter.write

    def wrong(graph, weights, path, metadata, spelling):
        changed = {p: a + 1 if p.endswith("readout.bias") else a for p, a in weights.items()}
        write(graph, changed, path, metadata, spelling)

    monkeypatch.setattr(onnx_exporter, "write", wrong)
    with pytest.raises(ExportError, match="differ"):
        model.export(tmp_path / "model.onnx", trained(model))
    assert files(tmp_path) == []


def test_a_folder_is_no_target(tmp_path):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(ExportError, match="is a folder; name a file"):
        example(MODEL).export(tmp_path / "model.onnx")
    with pytest.raises(ExportError, match="cannot write in"):
        example(MODEL).export(tmp_path / "nowhere" / "model.onnx")


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ExportError, match="No space left on device"):
        example(MODEL).export(tmp_path / "model.onnx")
    assert files(tmp_path) == []


def test_weights_that_do_not_fit_are_all_named(tmp_path):
    model = example(MODEL)
    weights = trained(model)
    weights["decoder.output.bias"] = weights["decoder.output.bias"][:-1]
    weights["decoder.foreign"] = weights.pop("encoder.embedding.weight")
    with pytest.raises(WeightError) as caught:
        model.export(tmp_path / "model.onnx", weights)
    text = str(caught.value)
    assert "missing: encoder.embedding.weight" in text
    assert "not in the model: decoder.foreign" in text
    assert "decoder.output.bias is" in text
    assert files(tmp_path) == []


def test_an_unknown_graph_is_named(tmp_path):
    with pytest.raises(ExportError, match="no graph is called deocde; there are decode"):
        example(MODEL).export(tmp_path / "model.onnx", graph="deocde")


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from compiled import example
model = example({model!r})
print("ready", flush=True)
for _ in range(100):
    model.export({target!r})
"""


def killed(tmp_path: Path, after: float) -> None:
    """Kill a process that exports again and again; what it leaves under the name is whole."""
    target = tmp_path / "model.onnx"
    script = SCRIPT.format(tests=str(Path(__file__).parent), model=MODEL, target=str(target))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    if target.exists():
        onnx.checker.check_model(onnx.load(target))


def test_a_killed_export_leaves_a_whole_file_or_none(tmp_path):
    killed(tmp_path, 0.3)


@pytest.mark.long
def test_twenty_killed_exports(tmp_path):
    for i in range(20):
        killed(tmp_path, 0.05 + 0.07 * i)
