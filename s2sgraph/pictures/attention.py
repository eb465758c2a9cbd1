"""Attention as a picture: what each step of the target looked at in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.pictures.canvas import INK, save, sheet

LABELLED = 60
"""Most places of a side that are labelled one by one."""
_CELL, _LEAST, _MOST, _ACROSS = 0.22, 2.2, 12.0, 3


def draw_attention(
    path: Path,
    weights: Mapping[str, NDArray[Any]],
    source: Sequence[str],
    target: Sequence[str],
    title: str = "",
) -> None:
    """Draw the weights of one sentence, a panel for each layer, darker for more.

    Args:
        path: the file to write; its ending says the form (`.png`, `.svg`, `.pdf`).
        weights: float[target, source] by the name of the layer.
        source: a label for each place of the source; empty for numbers.
        target: a label for each place of the target.
        title: what stands above.
    """
    shapes = [np.shape(array) for array in weights.values()]
    rows, columns = max(s[0] for s in shapes), max(s[1] for s in shapes)
    width = min(max(_CELL * columns + 1.2, _LEAST), _MOST)
    height = min(max(_CELL * rows + 1.2, _LEAST), _MOST)
    across = min(len(weights), _ACROSS)
    down = -(-len(weights) // across)
    figure = sheet(width * across, height * down)
    places = figure.subplots(down, across, squeeze=False).flatten()
    for axes in places[len(weights) :]:
        axes.set_visible(False)
    for axes, (name, array) in zip(places, weights.items(), strict=False):
        axes.imshow(np.asarray(array, np.float64), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_title(name, fontsize=9, color=INK)
        _label(axes.xaxis, source, array.shape[1])
        _label(axes.yaxis, target, array.shape[0])
        axes.xaxis.tick_bottom()
        for side in axes.spines.values():
            side.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=9, color=INK)
    save(figure, path)


def _label(axis: Any, labels: Sequence[str], places: int) -> None:
    """The symbols beside their places, upright as far as there is room."""
    if not labels or places > LABELLED:
        axis.get_major_locator().set_params(integer=True)
        axis.set_tick_params(labelsize=8, length=2)
        return
    long = any(len(label) > 1 for label in labels)
    turned = 90 if long and axis.axis_name == "x" else 0
    shown = [_visible(label) for label in labels[:places]]
    axis.set_ticks(range(len(shown)), shown, fontsize=8, rotation=turned)
    axis.set_tick_params(length=0)


def _visible(label: str) -> str:
    """A symbol as it can be seen; a dollar sign would start a formula."""
    return "␣" if label == " " else label.replace("$", r"\$")
