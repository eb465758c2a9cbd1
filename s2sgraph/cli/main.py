"""The program: its commands, its exit codes, and what it says instead of a traceback."""

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from s2sgraph import __version__
from s2sgraph.cli.check import check
from s2sgraph.cli.derive import derive
from s2sgraph.cli.doctor import doctor
from s2sgraph.cli.eval import evaluate
from s2sgraph.cli.export import export
from s2sgraph.cli.init import init
from s2sgraph.cli.run import run
from s2sgraph.cli.score import score
from s2sgraph.cli.show import show
from s2sgraph.cli.train import train

# By name, so that no stage is imported just to recognise its error.
EXIT_CODES = {
    "SpecError": 2,
    "ShapeError": 2,
    "MetricError": 2,
    "DataError": 3,
    "ModelError": 4,
    "WeightError": 4,
    "ExportError": 4,
    "TrainingError": 5,
}
INTERNAL = 1

app = typer.Typer(
    name="s2sgraph",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, check, show, derive, train, export, run, score, doctor):
    app.command()(command)
app.command("eval")(evaluate)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"s2sgraph {__version__}")
        raise typer.Exit


@app.callback()
def program(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Sequence-to-sequence models: from a YAML spec to one ONNX file.

    Exit codes: 0 done, 2 a mistake in the spec or the command, 3 in the data, 4 a model file that
    fails its checks, 5 training that cannot go on, 130 and 143 stopped by a signal.
    """


def code_of(error: BaseException) -> int | None:
    """The exit code for an error of ours; None for any other."""
    for kind in type(error).__mro__:
        if kind.__module__.startswith("s2sgraph.") and kind.__name__ in EXIT_CODES:
            return EXIT_CODES[kind.__name__]
    return None


def _stopped(number: int, frame: FrameType | None) -> None:
    # A second signal ends the program even if the first is held up by what it interrupts.
    signal.signal(number, lambda again, _: os._exit(128 + again))
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopped)
    try:
        app(words)
    except Exception as error:
        if debug:
            raise
        code = code_of(error)
        if code is None:
            typer.echo(f"internal error: {type(error).__name__}: {error}", err=True)
            typer.echo("Run again with --debug for a traceback.", err=True)
            sys.exit(INTERNAL)
        typer.echo(str(error), err=True)
        sys.exit(code)
