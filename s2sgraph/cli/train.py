"""`train`: from a spec and files of examples to a run folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2sgraph.cli.specs import Changes, Paths, given, load_spec

if TYPE_CHECKING:
    from s2sgraph.spec import Spec
    from s2sgraph.train import Run


def train(
    spec: Annotated[Path, typer.Argument(help="The spec to train; or a run, to go on with it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="RUN", help="The run folder to write.")
    ] = None,
    changes: Changes = None,
    train: Annotated[
        Paths, typer.Option("--train", help="Training data, in place of the spec's.")
    ] = None,
    dev: Annotated[
        Paths, typer.Option("--dev", help="Development data, in place of the spec's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of train.seed.")] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="RUN", help="Begin with the weights of a run, or of a safetensors."
        ),
    ] = None,
    add_symbols: Annotated[
        bool,
        typer.Option(
            "--add-symbols", help="With --from: add new symbols of the data to its vocabularies."
        ),
    ] = False,
    teacher: Annotated[
        Paths,
        typer.Option(
            "--teacher",
            metavar="RUN",
            help="Learn from what a trained run predicts, too; of several, from the mean.",
        ),
    ] = None,
    freeze: Annotated[
        list[str] | None,
        typer.Option(
            "--freeze", metavar="PATTERN", help="Leave weights as they are, such as encoder."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show size, memory and time; leave nothing behind.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is in the folder already.")
    ] = False,
) -> None:
    """Train a model. Open vocabularies are closed with the training data.

    Data are lines `source TAB target`, or .jsonl or .npz files for features and several sources.
    The folder gets the resolved spec, the best and the last weights, checkpoints and a log. A run
    that was stopped goes on where it stopped. For several processes: torchrun -m s2sgraph train.
    """
    if spec.is_dir():
        spec, output = spec / "spec.yaml", output or spec
    if output is None and not dry_run:
        raise typer.BadParameter("name the run folder", param_hint="--output")
    if add_symbols and start is None:
        hint = "name the run whose vocabularies they are added to: --from RUN"
        raise typer.BadParameter(hint, param_hint="--add-symbols")
    loaded = load_spec(spec, changes)
    loaded = loaded.set(given(spec, train, dev, seed, freeze))
    # Threads that wait for each other must not keep the cores busy: other work goes on beside.
    # It must be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if output is None or dry_run:
        from s2sgraph.train import try_out

        trial = try_out(loaded, start, add_symbols=add_symbols, teachers=teacher or ())
        if _speaks():
            typer.echo(trial.describe())
        return
    _run(loaded, output, start, add_symbols, teacher or [], overwrite)


def _run(
    spec: "Spec",
    output: Path,
    start: Path | None,
    add_symbols: bool,
    teachers: list[Path],
    overwrite: bool,
) -> None:
    from s2sgraph.train import display
    from s2sgraph.train import train as run_training

    def say(text: str) -> None:
        typer.echo(text, err=True)

    with display() as report:
        run = run_training(
            spec,
            output,
            report=report,
            tell=say,
            overwrite=overwrite,
            start=start,
            add_symbols=add_symbols,
            teachers=teachers,
        )
    if _speaks():
        _tell(spec, run)


def _speaks() -> bool:
    """Whether this is the first of the processes that torchrun starts: the others say nothing."""
    return os.environ.get("RANK", "0") == "0"


def _tell(spec: "Spec", run: "Run") -> None:
    value = run.best_value
    figure = "" if value is None else f", development {run.best_by} {value:.4f}"
    ends = {"patience": f" (no better for {spec.train.patience} validations)"}.get(run.ended, "")
    if run.resumed == run.steps:
        typer.echo(f"nothing was left to do: {run.folder} ended after step {run.steps}{ends}")
    else:
        typer.echo(f"{run.steps} steps in {run.seconds:.0f} s{ends}")
    typer.echo(f"best after step {run.best_step}{figure}: {run.best}")
    typer.echo(f"next: s2sgraph export {run.folder} -o model.onnx")
