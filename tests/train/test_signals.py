"""SIGINT and SIGTERM finish the update, keep everything, and end the program as signals do."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from s2sgraph.data import Corpus
from s2sgraph.metrics.samples import Likelihood
from s2sgraph.train import Progress, train
from s2sgraph.train.checkpoints import Checkpoints
from s2sgraph.train.updating import Updater
from s2sgraph.train.validating import Validation

Spec = Any
NUMBERS = [signal.SIGINT, signal.SIGTERM]
SETTINGS = {
    "train.steps": 24,
    "train.validate_every": 6,
    "train.evaluate.sentences": 0,
    "encoder.embedding.dropout": 0.2,
}

numbers = pytest.mark.parametrize("number", NUMBERS)


def code(stop: BaseException) -> int:
    """What the program would exit with."""
    return 130 if isinstance(stop, KeyboardInterrupt) else int(getattr(stop, "code", 0))


def stopped(spec: Spec, folder: Path, number: int, **settings: Any) -> None:
    """A training that a signal ends."""
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises((KeyboardInterrupt, SystemExit)) as caught:
        train(spec, folder, **settings)
    assert code(caught.value) == 128 + number
    assert json.loads((folder / "manifest.json").read_text())["ended"] == "stopped"
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def assert_goes_on(spec: Spec, folder: Path, step: int) -> None:
    """It goes on after the update in which the signal came, as if it had not come."""
    run = train(spec, folder)
    assert run.resumed == step
    whole = train(spec, folder.with_name("whole"))
    assert run.last.read_bytes() == whole.last.read_bytes()
    assert run.best.read_bytes() == whole.best.read_bytes()
    assert (run.best_step, run.best_loss) == (whole.best_step, whole.best_loss)


@numbers
def test_between_updates(spec: Spec, tmp_path: Path, number: signal.Signals) -> None:
    given = spec().set(SETTINGS)

    def report(progress: Progress) -> None:
        if progress.step == 9:
            os.kill(os.getpid(), number)

    stopped(given, tmp_path / "run", number, report=report)
    assert_goes_on(given, tmp_path / "run", 9)


@numbers
def test_in_an_update(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    given = spec().set(SETTINGS)
    clip = Updater._clip

    def signalled(self: Updater) -> float:
        if self.module.training and next(numbers_of_updates) == 9:
            os.kill(os.getpid(), number)
        return clip(self)

    numbers_of_updates = iter(range(1, 1000))
    monkeypatch.setattr(Updater, "_clip", signalled)
    stopped(given, tmp_path / "run", number)
    assert_goes_on(given, tmp_path / "run", 9)


@numbers
def test_in_a_validation(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    given = spec().set(SETTINGS)
    likelihood = Validation._likelihood

    def signalled(self: Validation, module: nn.Module) -> Likelihood:
        os.kill(os.getpid(), number)
        raise AssertionError("the validation goes on")

    monkeypatch.setattr(Validation, "_likelihood", signalled)
    stopped(given, tmp_path / "run", number)
    assert not (tmp_path / "run" / "log.jsonl").read_text()
    monkeypatch.setattr(Validation, "_likelihood", likelihood)
    assert_goes_on(given, tmp_path / "run", 6)


@numbers
def test_while_saving(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    given = spec().set({**SETTINGS, "train.save_every": 8})
    save = Checkpoints.save

    def signalled(self: Checkpoints, checkpoint: Any) -> Path:
        if checkpoint.state.step == 8:
            os.kill(os.getpid(), number)
        return save(self, checkpoint)

    monkeypatch.setattr(Checkpoints, "save", signalled)
    stopped(given, tmp_path / "run", number)
    monkeypatch.setattr(Checkpoints, "save", save)
    assert_goes_on(given, tmp_path / "run", 8)


@numbers
def test_a_second_one_exits_at_once(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    class ExitError(Exception):
        pass

    def leave(code: int) -> None:
        raise ExitError(code)

    monkeypatch.setattr(os, "_exit", leave)

    def report(progress: Progress) -> None:
        if progress.step == 9:
            for each in (signal.SIGINT, number):  # a pause, since two at once count as one
                os.kill(os.getpid(), each)
                time.sleep(0.01)

    with pytest.raises(ExitError) as caught:
        train(spec(), tmp_path / "run", report=report)
    assert caught.value.args == (128 + number,)
    assert not (tmp_path / "run" / "last.safetensors").exists()


@numbers
def test_while_loading(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    spec()
    rows: Callable[[Corpus], Any] = Corpus.rows

    def signalled(self: Corpus) -> Any:
        os.kill(os.getpid(), number)
        return rows(self)

    monkeypatch.setattr(Corpus, "rows", signalled)
    from s2sgraph.cli.main import main

    handlers = {n: signal.getsignal(n) for n in NUMBERS}
    try:
        with pytest.raises(SystemExit) as caught:
            main(["train", str(tmp_path / "spec.yaml"), "-o", str(tmp_path / "run")])
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    assert caught.value.code == 128 + number
    assert not (tmp_path / "run" / "spec.yaml").exists()
