"""Lines in and lines out, for commands that write one for each that they read."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

if TYPE_CHECKING:
    from s2sgraph.data import Line


def lines_of(source: Path | None, odd: str) -> "Iterator[Line]":
    """The lines of a file, or of standard input; DataError for odd ones if they are an error."""
    from s2sgraph.data import DataError
    from s2sgraph.data.lines import scan, scan_file

    for line in scan_file(source) if source else scan(sys.stdin.buffer):
        if line.faults and odd == "error":
            raise DataError(
                source or "stdin", line.faults, "With `--odd keep` such lines are repaired."
            )
        yield line


def write(sink: BinaryIO, texts: Sequence[str]) -> None:
    """Write lines. Where the reader has gone, the program ends as if all were well."""
    try:
        for text in texts:
            sink.write(text.encode("utf-8", errors="replace") + b"\n")
        sink.flush()
    except BrokenPipeError:
        # The reader has what it wanted (`| head`). Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None
