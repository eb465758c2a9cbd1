"""`train`: from a spec and files of examples to a run folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2sgraph.cli.specs import Changes, load_spec

if TYPE_CHECKING:
    from s2sgraph.spec import Spec
    from s2sgraph.train import Run

Paths = list[Path] | None


def train(
    spec: Annotated[Path, typer.Argument(help="The spec to train.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="RUN", help="The run folder to write.")
    ],
    changes: Changes = None,
    train: Annotated[
        Paths, typer.Option("--train", help="Training data, in place of the spec's.")
    ] = None,
    dev: Annotated[
        Paths, typer.Option("--dev", help="Development data, in place of the spec's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of train.seed.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is in the folder already.")
    ] = False,
) -> None:
    """Train a model. Open vocabularies are closed with the training data.

    Data are lines `source TAB target`, or .jsonl or .npz files for features and several sources.
    The folder gets the resolved spec, the best and the last weights, and a log. Ctrl-C keeps both.
    """
    loaded = load_spec(spec, changes)
    loaded = loaded.set(_given(spec, train, dev, seed))
    # Threads that wait for each other must not keep the cores busy: other work goes on beside.
    # It must be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from s2sgraph.train import display
    from s2sgraph.train import train as run_training

    try:
        with display() as report:
            run = run_training(loaded, output, report=report, overwrite=overwrite)
    except (KeyboardInterrupt, SystemExit):
        if (output / "best.safetensors").exists():
            typer.echo(f"stopped; {output} has the best and the last weights so far", err=True)
        raise
    _tell(loaded, run)


def _given(spec: Path, train: Paths, dev: Paths, seed: int | None) -> dict[str, Any]:
    """The changes of the spec that options ask for; a spec names files by their way from itself."""
    from s2sgraph.train.examples import named_from

    changes: dict[str, Any] = {}
    for name, files in (("train", train), ("dev", dev)):
        if files:
            changes[f"data.{name}"] = [named_from(spec, file) for file in files]
    if seed is not None:
        changes["train.seed"] = seed
    return changes


def _tell(spec: "Spec", run: "Run") -> None:
    loss = "" if run.best_loss is None else f", development loss {run.best_loss:.4f}"
    ends = {"patience": f" (no better for {spec.train.patience} validations)"}.get(run.ended, "")
    typer.echo(f"{run.steps} steps in {run.seconds:.0f} s{ends}")
    typer.echo(f"best after step {run.best_step}{loss}: {run.best}")
    typer.echo(f"next: s2sgraph export {run.folder} -o model.onnx")
