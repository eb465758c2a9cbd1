"""`run`: lines in, lines out, one to one."""

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2sgraph.cli.answers import Answers, aligned_by, draw
from s2sgraph.cli.searching import check_sampling, inputs_of
from s2sgraph.cli.specs import setting, split_changes
from s2sgraph.cli.streams import lines_of, write

if TYPE_CHECKING:
    from s2sgraph.data import Line
    from s2sgraph.runtime import Result, Session

# Lines read before the first answer is written: enough for like lengths to run together.
_CHUNK = 16


def run(
    model: Annotated[Path, typer.Argument(help="A decode file, model.onnx.")],
    source: Annotated[
        Path | None, typer.Argument(metavar="[INPUT]", help="Lines to read. Default: stdin.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write. Default: stdout.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a line, with all hypotheses.")
    ] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Write `score TAB text`.")] = False,
    alignments: Annotated[
        bool,
        typer.Option("--alignments", help="Write `text TAB 0-0 2-1`: place of source and target."),
    ] = False,
    attention: Annotated[
        Path | None, typer.Option(help="A picture, for the first line that is not empty.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Lines that run together.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: every core.")] = None,
    beams: Annotated[int | None, typer.Option(min=1, help="Hypotheses of each step.")] = None,
    n_best: Annotated[
        int | None, typer.Option("--n-best", min=1, help="Hypotheses of a result.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Refuse a file that does not draw its results.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="What is drawn depends on it alone.")] = None,
    prefix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What every result starts with.")
    ] = None,
    ban: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL", help="What no result has: '<unk>'. May be repeated."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any input of the file: max_length=9."),
    ] = None,
    odd: Annotated[
        str, typer.Option(help="Lines that are not sound UTF-8: `keep` (repaired) or `error`.")
    ] = "keep",
) -> None:
    """Decode lines: one line out for each line in, empty ones too.

    Further hypotheses, where the search gives several, follow on the same line after a TAB.
    Models of feature sequences read a JSON list of frames from each line.
    """
    if odd not in ("keep", "error"):
        raise typer.BadParameter(f"{odd!r}; expected keep or error", param_hint="--odd")
    from s2sgraph.runtime import ModelError, Session

    session = Session(model, threads)
    contract = session.contract
    values = {name: setting(text) for name, text in split_changes(settings).items()}
    values |= inputs_of(contract, beams=beams, n_best=n_best, seed=seed, prefix=prefix, ban=ban)
    if sample:
        check_sampling(contract)
    aligned = aligned_by(contract, "--alignments") if alignments else None
    if attention is not None:
        aligned_by(contract, "--attention")
    answers = Answers(as_json, scores, aligned)
    try:
        session.run([], **values)
    except ModelError as error:
        # A mistake in the command: neither the file's fault, nor that of the first line.
        raise typer.BadParameter(str(error), param_hint="--set") from None
    lines = lines_of(source, odd)
    size = 1 if source is None and sys.stdin.isatty() else batch * _CHUNK
    with output.open("wb") if output else nullcontext(sys.stdout.buffer) as sink:
        while chunk := list(islice(lines, size)):
            found = _decoded(session, chunk, str(source or "stdin"), batch, values)
            pairs = [*zip(chunk, found, strict=True)]
            write(sink, [answers.written(line, answer) for line, answer in pairs])
            first = next(((line, answer) for line, answer in pairs if answer), None)
            if attention is not None and first is not None:
                draw(contract, *first, attention)
                attention = None


def _decoded(
    session: "Session", chunk: "Sequence[Line]", name: str, batch: int, values: dict[str, Any]
) -> "list[Result | None]":
    """A result for each line; None for an empty one, which is never run."""
    from s2sgraph.data import DataError, Fault
    from s2sgraph.runtime import ModelError

    frames = session.contract.sources[0].dtype == "float32"
    items: list[Any] = []
    for line in chunk:
        if line.text and frames:
            try:
                items.append(json.loads(line.text))
            except (ValueError, RecursionError) as error:
                expected = "a list of frames"
                raise DataError(
                    name, [Fault(line.number, f"bad JSON ({error})", expected)]
                ) from None
        elif line.text:
            items.append(line.text)
    try:
        answers = iter(session.run(items, batch_size=batch, **values))
    except ModelError:
        _blame(session, [line for line in chunk if line.text], items, name, values)
        raise
    return [next(answers) if line.text else None for line in chunk]


def _blame(
    session: "Session", lines: "Sequence[Line]", items: list[Any], name: str, values: dict[str, Any]
) -> None:
    """Raise a DataError that names every line which the model refuses by itself."""
    from s2sgraph.data import DataError, Fault
    from s2sgraph.runtime import ModelError

    faults = []
    for line, item in zip(lines, items, strict=True):
        try:
            session.run([item], **values)
        except ModelError as error:
            faults.append(Fault(line.number, str(error)))
    if faults:
        raise DataError(name, faults) from None
