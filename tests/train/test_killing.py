"""A run that is killed at any moment loses at most one save interval, and ends as if it had not."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.spec import dump, load
from s2sgraph.train import train

Spec = Any
SAVED_EVERY = 3


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.long)])
def test_killed(spec: Spec, tmp_path: Path, kills: int) -> None:
    spec()
    given = load(tmp_path / "spec.yaml").set(
        {
            "train.steps": 12 * kills,
            "train.save_every": SAVED_EVERY,
            "train.validate_every": 5,
            "train.evaluate.sentences": 0,
            "encoder.embedding.dropout": 0.2,
        }
    )
    path = tmp_path / "given.yaml"
    path.write_text(dump(given))
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, script, path, tmp_path / "run", str(kills), "0"],
        capture_output=True,
        text=True,
        check=True,
    )
    spans = json.loads(done.stdout)
    assert len(spans) == kills
    assert sum(last > 0 for _, last in spans) > kills // 2
    for (_, last), (first, _) in pairwise([span for span in spans if span != [0, 0]]):
        # The next one begins with the update after the checkpoint.
        assert first > last - SAVED_EVERY
    whole = train(given, tmp_path / "whole")
    for name in ("last.safetensors", "best.safetensors"):
        content = (tmp_path / "run" / name).read_bytes()
        assert content == (whole.folder / name).read_bytes()
    assert not list((tmp_path / "run").rglob(".*.tmp"))
