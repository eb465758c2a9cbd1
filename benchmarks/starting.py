"""How long `s2sgraph --help` takes, against an empty program by the same library."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.pairs import measure

EMPTY = "import typer\napp = typer.Typer()\napp.command()(lambda: None)\napp(['--help'])"


def run() -> None:
    """Print one line: ours, that of the empty program, their ratio."""
    print("a process from start to end                            ours         peer   ratio")
    ours = partial(_process, "-m", "s2sgraph", "--help")
    pair = measure(ours, partial(_process, "-c", EMPTY))
    print(f"{'s2sgraph --help, an empty program of typer':45}", pair)


def _process(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
