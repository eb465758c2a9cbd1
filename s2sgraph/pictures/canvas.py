"""The sheet that every picture is drawn on, and how it becomes a file."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET = "#1f2933", "#9aa5b1"
COLOURS = ("#2563eb", "#d97706")
"""What is compared with what: training first, development second. They differ in grey too."""


def sheet(width: float, height: float) -> Figure:
    """An empty sheet of so many inches, without a window or any global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")


def save(figure: Figure, path: Path) -> None:
    """Write a picture whole or not at all, in the form that its name says."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with warnings.catch_warnings():
            # A sign that the font lacks is drawn as a box; that is no reason to fail.
            warnings.filterwarnings("ignore", message=r"Glyph \d+")
            figure.savefig(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
