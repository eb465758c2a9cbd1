"""Programs that get the figures of the log too: TensorBoard, Weights & Biases, MLflow.

Each is found by its name if it is installed, and loaded only when a spec asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from s2sgraph.train.errors import TrainingError

Line = Mapping[str, Any]


class Logger(Protocol):
    """A program that is given figures."""

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """The figures after an update."""
        ...

    def close(self) -> None:
        """No more figures will come."""
        ...


class TensorBoard:
    """Writes event files into RUN/tensorboard."""

    def __init__(self, run: Path) -> None:
        self.writer = import_module("torch.utils.tensorboard").SummaryWriter(run / "tensorboard")

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """One point of each curve."""
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


class WandB:
    """A run of Weights & Biases, which goes on when training does."""

    def __init__(self, run: Path) -> None:
        wandb = import_module("wandb")
        name = run.resolve().name
        self.run = wandb.init(project="s2sgraph", name=name, dir=run, id=name, resume="allow")

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """One point of each curve."""
        self.run.log(dict(figures), step=step)

    def close(self) -> None:
        """End the run."""
        self.run.finish()


class MLflow:
    """A run of MLflow, in the experiment that its environment names."""

    def __init__(self, run: Path) -> None:
        self.mlflow = import_module("mlflow")
        self.mlflow.start_run(run_name=run.resolve().name)

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """One point of each curve."""
        self.mlflow.log_metrics(dict(figures), step=step)

    def close(self) -> None:
        """End the run."""
        self.mlflow.end_run()


KINDS: dict[str, Callable[[Path], Logger]] = {
    "tensorboard": TensorBoard,
    "wandb": WandB,
    "mlflow": MLflow,
}


class Loggers:
    """All loggers of a run; none on other processes than the first.

    Raises:
        TrainingError: one is not installed.
    """

    def __init__(self, names: Sequence[str], run: Path, first: bool) -> None:
        self.loggers = [_made(name, run) for name in names if first]

    def __call__(self, line: Line) -> None:
        """A line of the log."""
        figures = {n: float(v) for n, v in line.items() if n != "step"}
        for logger in self.loggers:
            logger(line["step"], figures)

    def close(self) -> None:
        """Training has ended."""
        for logger in self.loggers:
            logger.close()


def _made(name: str, run: Path) -> Logger:
    try:
        return KINDS[name](run)
    except ImportError as error:
        message = f"train.loggers names {name}, which cannot be loaded: {error}"
        raise TrainingError(f"{message}; pip install {name}, or leave it out") from None
