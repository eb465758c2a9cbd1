"""Several processes train as one does, in the precision that is asked for."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attending import ATTENDING
from safetensors.numpy import load_file
from torch import Tensor

from s2sgraph.spec import SpecError, dump, load
from s2sgraph.train import processes, train, try_out
from s2sgraph.train.updating import Updater

Spec = Any
SETTINGS = {
    "train.steps": 25,
    "train.batch_size": 5,
    "train.accumulate": 2,
    "train.validate_every": 6,
    "train.log_every": 1,
    "train.evaluate.sentences": 0,
}
EVERYTHING = {
    **ATTENDING,
    "encoder.embedding.dropout": 1e-9,  # so rare that both passes of R-Drop are one
    "train.scheduled_sampling": {"kind": "linear", "steps": 25, "least": 0.5},
    "train.r_drop": 1,
    "train.optimizer": {"kind": "muon", "rate": 1e-3},
}


def together(
    count: int, spec: Spec, folder: Path, *steps: int, teachers: Sequence[Path] = ()
) -> list[Any]:
    """Train in some processes, which are stopped in each step; what each ended with."""
    path = folder.parent / f"{folder.name}.yaml"
    path.write_text(dump(spec))
    asked = [f"--teacher={teacher}" for teacher in teachers]
    script = Path(__file__).with_name("several.py")
    done = subprocess.run(
        [sys.executable, script, path, folder, str(count), *map(str, steps), *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return json.loads(done.stdout)


def logged(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    clock = ("seconds", "tokens_per_second")
    return [{name: v for name, v in line.items() if name not in clock} for line in lines]


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_two_train_as_one_also_when_one_of_them_gets_a_signal(
    spec: Spec, tmp_path: Path, settings: dict[str, Any]
) -> None:
    (tmp_path / "train.align").write_text("0-0 1-1 2-2\n" * 48)
    given = spec().set(SETTINGS | settings)
    teachers = []
    if settings:
        once = {**SETTINGS, "train.steps": 1}
        teachers = [train(spec().set(once), tmp_path / "teacher").folder]
    stopped, ended = together(2, given, tmp_path / "two", 9, teachers=teachers)
    assert [code for code, _ in stopped] == [143, 143]
    assert ended == [[0, ["torch.float32"]], [0, ["torch.float32"]]]
    run = train(given, tmp_path / "one", teachers=teachers)
    one, two = logged(run.folder), logged(tmp_path / "two")
    assert len(one) == 25
    assert [line.keys() for line in one] == [line.keys() for line in two]
    auxiliary = ("coverage_loss", "alignment_loss", "distillation_loss") if settings else ()
    for name in ("loss", "dev_loss", *auxiliary):
        losses = [[line[name] for line in log if name in line] for log in (one, two)]
        np.testing.assert_allclose(*losses, rtol=2e-5)
    weights = load_file(run.last), load_file(tmp_path / "two" / "last.safetensors")
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], rtol=2e-3, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 3])
def test_several_go_on_bit_for_bit(spec: Spec, tmp_path: Path, count: int) -> None:
    settings = {"encoder.embedding.dropout": 0.3, "train.average": "ema", "train.log_every": 4}
    given = spec().set({**SETTINGS, **settings})
    assert together(count, given, tmp_path / "whole")[0][0][0] == 0
    steps = (1, 6, 11, 14, 20)
    *stopped, ended = together(count, given, tmp_path / "parts", *steps)
    assert [[code for code, _ in ends] for ends in stopped] == [[143] * count] * len(steps)
    assert [code for code, _ in ended] == [0] * count
    for name in ("last.safetensors", "best.safetensors"):
        content = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "parts")]
        assert content[0] == content[1]
    assert logged(tmp_path / "whole") == logged(tmp_path / "parts")


bfloat16 = pytest.mark.skipif(
    not processes._computes_bfloat16(), reason="this processor has no bfloat16"
)


def test_a_precision_that_the_processor_lacks(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_computes_bfloat16", lambda: False)
    given = spec().set({"train.precision": "bf16"})
    for begin in (lambda: train(given, tmp_path / "run"), lambda: try_out(given)):
        with pytest.raises(SpecError, match=r"train\.precision: this processor has no bfloat16"):
            begin()
    assert not (tmp_path / "run").exists()
    train(given.set({"train.precision": 32, "train.steps": 1}), tmp_path / "run")


@pytest.mark.parametrize("precision", [32, pytest.param("bf16", marks=bfloat16)])
def test_the_precision_asked_for_is_used(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: int | str
) -> None:
    dtypes: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    made = Updater.__init__

    def watched(self: Updater, *given: Any) -> None:
        made(self, *given)

        def linear(x: Tensor, *weights: Tensor) -> Tensor:
            found = torch.nn.functional.linear(x, *weights)
            dtypes[self.module.training].add(found.dtype)
            return found

        node = next(n for n in self.module.graph.nodes if n.name == "decoder_output_linear")
        node.target = linear
        self.module.recompile()

    monkeypatch.setattr(Updater, "__init__", watched)
    run = train(spec().set({"train.precision": precision, "train.steps": 20}), tmp_path / "run")
    expected = torch.bfloat16 if precision == "bf16" else torch.float32
    assert dtypes == {True: {expected}, False: {expected}}
    # Weights and what the optimizer keeps stay as they are.
    for file in (run.last, *(run.folder / "checkpoints" / "00000020").glob("*.safetensors")):
        assert {str(a.dtype) for a in load_file(file).values()} <= {"float32"}


@bfloat16
@pytest.mark.long
def test_two_processes_in_bfloat16(spec: Spec, tmp_path: Path) -> None:
    given = spec().set({**SETTINGS, "train.precision": "bf16", "train.steps": 3})
    assert together(2, given, tmp_path / "run") == [[[0, ["torch.bfloat16"]]] * 2]


@pytest.mark.long
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_compiled(spec: Spec, tmp_path: Path, settings: dict[str, Any]) -> None:
    (tmp_path / "train.align").write_text("0-0 1-1 2-2\n" * 48)
    given = spec().set({"train.steps": 6, "train.validate_every": 3} | settings)
    losses = [
        train(given.set({"train.compile": on}), tmp_path / f"{on}").best_loss
        for on in (False, True)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert load(tmp_path / "True" / "spec.yaml").train.compile
