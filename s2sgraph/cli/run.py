"""`run`: lines in, lines out, one to one."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from s2sgraph.cli.specs import split_changes

if TYPE_CHECKING:
    from s2sgraph.data import Line
    from s2sgraph.runtime import Hypothesis, Result, Session

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
    batch: Annotated[int, typer.Option(min=1, help="Lines that run together.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: every core.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the search: beams=4."),
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
    values = {name: _setting(text) for name, text in split_changes(settings).items()}
    try:
        session.run([], **values)
    except ModelError as error:
        # A mistake in the command: neither the file's fault, nor that of the first line.
        raise typer.BadParameter(str(error), param_hint="--set") from None
    lines = _lines(source, odd)
    size = 1 if source is None and sys.stdin.isatty() else batch * _CHUNK
    with output.open("wb") if output else nullcontext(sys.stdout.buffer) as sink:
        while chunk := list(islice(lines, size)):
            answers = _decoded(session, chunk, str(source or "stdin"), batch, values)
            texts = [
                _as_json(line, answer) if as_json else _as_text(answer, scores)
                for line, answer in zip(chunk, answers, strict=True)
            ]
            _write(sink, texts)


def _write(sink: BinaryIO, texts: "Sequence[str]") -> None:
    try:
        for text in texts:
            sink.write(text.encode("utf-8", errors="replace") + b"\n")
        sink.flush()
    except BrokenPipeError:
        # The reader has what it wanted (`| head`). Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def _setting(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        hint = f"{text!r}; expected a number, true, false or a list"
        raise typer.BadParameter(hint, param_hint="--set") from None


def _lines(source: Path | None, odd: str) -> "Iterator[Line]":
    from s2sgraph.data import DataError
    from s2sgraph.data.lines import scan, scan_file

    for line in scan_file(source) if source else scan(sys.stdin.buffer):
        if line.faults and odd == "error":
            raise DataError(
                source or "stdin", line.faults, "With `--odd keep` such lines are repaired."
            )
        yield line


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


def _words(hypothesis: "Hypothesis") -> str:
    """The text of a hypothesis on one line; ids or frames where there is no text."""
    if hypothesis.text is not None:
        # What the model writes must not break the line, nor the columns.
        return hypothesis.text.translate({10: " ", 13: " ", 9: " "})
    if "frames" in hypothesis.extras:
        return json.dumps(hypothesis.extras["frames"].tolist())
    return " ".join(map(str, hypothesis.tokens))


def _as_text(answer: "Result | None", scores: bool) -> str:
    columns = []
    for hypothesis in answer or ():
        columns += [f"{hypothesis.score:.4f}"] * scores + [_words(hypothesis)]
    return "\t".join(columns)


def _as_json(line: "Line", answer: "Result | None") -> str:
    hypotheses = [
        {
            "text": hypothesis.text,
            "tokens": list(hypothesis.tokens),
            # JSON has no NaN, which stands for a file without scores.
            "score": hypothesis.score if hypothesis.score == hypothesis.score else None,
            **{name: value.tolist() for name, value in hypothesis.extras.items()},
        }
        for hypothesis in answer or ()
    ]
    return json.dumps({"line": line.number, "hypotheses": hypotheses}, ensure_ascii=False)
