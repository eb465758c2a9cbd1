"""`doctor`."""

import json
from typing import Any

import onnxruntime
import pytest

from s2sgraph.cli import doctor


def test_versions_and_providers(cli: Any) -> None:
    done = cli("doctor")
    assert done.code == 0
    words = " ".join(done.out.split())
    assert f"onnxruntime {onnxruntime.__version__}" in words
    assert "CPUExecutionProvider" in words
    assert "export targets: onnx, torch" in words


def test_json(cli: Any) -> None:
    found = json.loads(cli("doctor", "--json").out)
    assert found["packages"]["onnxruntime"] == onnxruntime.__version__
    assert found["missing"]["init, check, show, run"] == []


def test_what_is_missing_for_which_command(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda p: None if p == "torch" else installed(p))
    done = cli("doctor")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "torch not installed" in lines
    assert "train, export torch" in lines
    assert "init, check, show, run nothing" in lines
    assert lines[-1] == "pip install 's2sgraph[train]'"
