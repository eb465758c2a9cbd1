"""`score`: how likely given targets are, line by line."""

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from s2sgraph.cli.streams import lines_of, write

if TYPE_CHECKING:
    from s2sgraph.data import Line
    from s2sgraph.runtime import Session
    from s2sgraph.runtime.scoring import Score

# Lines read before the first score is written: enough for like lengths to run together.
_CHUNK = 16


def score(
    model: Annotated[Path, typer.Argument(help="A score file: export --graph score.")],
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[INPUT]", help="Lines `source TAB target`. Default: stdin."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write. Default: stdout.")
    ] = None,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Write `score TAB` and that of each symbol.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Lines that run together.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: every core.")] = None,
    odd: Annotated[
        Literal["keep", "error"],
        typer.Option(help="Lines that are not sound UTF-8: `keep` (repaired) or `error`."),
    ] = "keep",
) -> None:
    """Write the log-probability of each target for its source: one line out for each line in.

    It is that of all symbols and of the end. An empty line has none, and gives an empty line.
    """
    from s2sgraph.runtime import Session

    session = Session(model, threads)
    session.score([], [])
    lines = lines_of(source, odd)
    size = 1 if source is None and sys.stdin.isatty() else batch * _CHUNK
    with output.open("wb") if output else nullcontext(sys.stdout.buffer) as sink:
        while chunk := list(islice(lines, size)):
            found = _scored(session, chunk, str(source or "stdin"), batch)
            write(sink, [_written(line, one, tokens, as_json) for line, one in found])


def _scored(
    session: "Session", chunk: "Sequence[Line]", name: str, batch: int
) -> "list[tuple[Line, Score | None]]":
    """The score of each line; None for an empty one, which is never run."""
    from s2sgraph.data import DataError, Fault

    pairs = {line.number: line.text.split("\t") for line in chunk if line.text}
    expected = "source TAB target"
    faults = [
        Fault(number, f"{len(pair)} columns", expected)
        for number, pair in pairs.items()
        if len(pair) != 2
    ]
    if faults:
        raise DataError(name, faults)
    sources, targets = [*zip(*pairs.values(), strict=True)] if pairs else ((), ())
    scores = iter(session.score(sources, targets, batch_size=batch))
    return [(line, next(scores) if line.text else None) for line in chunk]


def _written(line: "Line", found: "Score | None", tokens: bool, as_json: bool) -> str:
    if as_json:
        parts = {"score": None, "tokens": [], "token_scores": []} if found is None else {
            "score": found.score,
            "tokens": list(found.tokens),
            "token_scores": list(found.token_scores),
        }  # fmt: skip
        return json.dumps({"line": line.number, **parts})
    if found is None:
        return ""
    each = [" ".join(f"{one:.4f}" for one in found.token_scores)] if tokens else []
    return "\t".join([f"{found.score:.4f}", *each])
