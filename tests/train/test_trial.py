"""A trial tells what a training takes."""

from pathlib import Path
from typing import Any

import pytest

from s2sgraph.model import compile
from s2sgraph.spec import load
from s2sgraph.train import train, try_out

Spec = Any


def test_sizes(spec: Spec, tmp_path: Path) -> None:
    given = spec(train__accumulate=2, train__epochs=3)
    trial = try_out(given)
    assert {path.name for path in tmp_path.iterdir()} == {"spec.yaml", "train.tsv", "dev.tsv"}
    run = train(given, tmp_path / "run")
    assert trial.parameters == trial.trained == compile(load(run.spec)).parameters
    assert (trial.rows, trial.updates, trial.steps) == (48, 3, 9)
    assert (run.steps, trial.places) == (9, 16 * 4)  # three characters and the end
    assert trial.largest == (8, 4)
    assert trial.padding == 0
    # Weights, gradients, two means of Adam, and its count of steps for each weight.
    assert trial.held - 4 * 4 * trial.parameters in range(4, 4 * 30)
    assert trial.seconds > 0


def test_the_description(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = try_out(spec(train__freeze=["encoder"]))
    text = trial.describe()
    frozen = trial.parameters - trial.trained
    assert f"{trial.parameters:,} weights, {frozen:,} of them frozen\n" in text
    assert "48 rows; 6 updates in a pass over them, 40 in all" in text
    assert "32 places of the target in an update, 0.0% of all places are padding" in text
