"""Other programs get the figures of the log."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from s2sgraph.train import TrainingError, train

Spec = Any


class Recorder:
    """Stands for a program: writes down each call of a name and what was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def called(*given: Any, **settings: Any) -> "Recorder":
            self.calls.append((name, given, settings))
            return self

        return called


def installed(monkeypatch: pytest.MonkeyPatch, name: str) -> Recorder:
    recorder, module = Recorder(), ModuleType(name)
    module.__getattr__ = recorder.__getattr__  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, name, module)
    return recorder


@pytest.mark.parametrize(
    ("name", "module", "begins", "logs", "ends"),
    [
        ("tensorboard", "torch.utils.tensorboard", "SummaryWriter", "add_scalar", "close"),
        ("wandb", "wandb", "init", "log", "finish"),
        ("mlflow", "mlflow", "start_run", "log_metrics", "end_run"),
    ],
)
def test_figures_arrive(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, module: str, begins: str, logs: str, ends: str,
) -> None:  # fmt: skip
    recorder = installed(monkeypatch, module)
    train(spec(train__loggers=[name]), tmp_path / "run")
    names = [call for call, _, _ in recorder.calls]
    assert (names[0], names[-1], set(names[1:-1])) == (begins, ends, {logs})
    steps = {
        settings.get("step", given[-1]) for call, given, settings in recorder.calls if call == logs
    }
    assert steps == {20, 40}
    figures = str([given for call, given, _ in recorder.calls if call == logs])
    assert "dev_loss" in figures
    assert "rate" in figures


def test_what_is_not_installed(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(TrainingError, match=r"train.loggers names wandb, .*; pip install wandb"):
        train(spec(train__loggers=["wandb"]), tmp_path / "run")
