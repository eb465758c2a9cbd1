"""What dropout draws, of every kind, is a function of seed, update, batch and process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.spec import dump
from s2sgraph.train import Progress, train

Spec = Any
DROPPING: dict[str, Any] = {
    "encoder": [
        {"embedding": {"size": 8, "symbol_dropout": 0.2}},
        {"lstm": {"size": 8, "direction": "both", "input_dropout": 0.2, "state_dropout": 0.3}},
    ],
    "decoder": [
        {"embedding": {"size": 8, "place_dropout": 0.2}},
        {
            "gru": {
                "name": "state",
                "from": ["embedding", "prev.context"],
                "size": 16,
                "start": "encoder.final",
                "input_dropout": 0.2,
                "state_dropout": 0.3,
            }
        },
        {"attention": {"name": "context", "query": "state", "score": "general"}},
        {"output": {"from": ["state", "context"]}},
    ],
    "train.steps": 8,
    "train.accumulate": 2,
    "train.evaluate.sentences": 0,
}


def without(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: without(value) for key, value in data.items() if "dropout" not in key}
    return [without(item) for item in data] if isinstance(data, list) else data


def test_it_goes_on_bit_for_bit(spec: Spec, tmp_path: Path) -> None:
    given = spec().set(DROPPING)
    whole = train(given, tmp_path / "whole")

    def stop(progress: Progress) -> None:
        if progress.step in (3, 4, 6):
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            train(given, tmp_path / "parts", report=stop)
    run = train(given, tmp_path / "parts")
    assert run.resumed == 6
    assert run.last.read_bytes() == whole.last.read_bytes()
    plain = train(spec().set(without(DROPPING)), tmp_path / "plain")
    assert plain.last.read_bytes() != whole.last.read_bytes()


@pytest.mark.long
def test_two_processes_go_on_bit_for_bit(spec: Spec, tmp_path: Path) -> None:
    path = tmp_path / "given.yaml"
    path.write_text(dump(spec().set({**DROPPING, "train.accumulate": 4})))
    script = Path(__file__).with_name("several.py")
    for name, steps, codes in (("whole", (), [[0, 0]]), ("parts", (3,), [[143, 143], [0, 0]])):
        command = [sys.executable, script, path, tmp_path / name, "2", *map(str, steps)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert [[code for code, _ in ends] for ends in json.loads(done.stdout)] == codes
    whole, parts = (tmp_path / name / "last.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()
