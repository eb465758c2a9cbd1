"""Curves: loss, figures and learning rate over the steps of a run, as one picture."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2sgraph.pictures.canvas import COLOURS, INK, QUIET, save, sheet

Points = list[tuple[int, float]]
_COLUMNS, _WIDTH, _HEIGHT = 2, 4.6, 2.7
_LARGE = 20.0


@dataclass
class Curves:
    """What a log says of each step: losses, development figures, learning rate."""

    loss: Points = field(default_factory=list)
    dev_loss: Points = field(default_factory=list)
    rate: Points = field(default_factory=list)
    auxiliary: dict[str, Points] = field(default_factory=dict)
    figures: dict[str, Points] = field(default_factory=dict)


def read_curves(log: Path) -> Curves:
    """The curves of a log.jsonl; of a step that stands there twice, the later line counts.

    A last line that is cut off, as a killed process leaves it, is passed over.
    """
    lines: dict[int, Mapping[str, Any]] = {}
    for text in log.read_text("utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            lines[line["step"]] = {**lines.get(line["step"], {}), **line}
    curves = Curves()
    for step, line in sorted(lines.items()):
        for name in ("loss", "dev_loss", "rate"):
            if name in line:
                getattr(curves, name).append((step, float(line[name])))
        for name, value in line.items():
            if name.startswith("dev_") and name != "dev_loss":
                points = curves.figures.setdefault(name.removeprefix("dev_"), [])
                points.append((step, float(value)))
            elif name.endswith("_loss") and name != "dev_loss":
                curves.auxiliary.setdefault(name, []).append((step, float(value)))
    return curves


def draw_curves(curves: Curves, path: Path, best_step: int | None = None) -> None:
    """Draw a panel for the loss, one for each auxiliary loss and figure, one for the learning rate.

    Args:
        curves: what to draw.
        path: the file to write.
        best_step: the step of the best weights, which is marked.
    """
    panels: list[tuple[str, dict[str, Points]]] = [
        ("loss", {"training": curves.loss, "development": curves.dev_loss})
    ]
    panels += [(name, {"": points}) for name, points in (curves.auxiliary | curves.figures).items()]
    panels.append(("learning rate", {"": curves.rate}))
    rows = math.ceil(len(panels) / _COLUMNS)
    figure = sheet(_COLUMNS * _WIDTH, rows * _HEIGHT)
    places = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).flatten()
    for axes, (title, series) in zip(places, panels, strict=False):
        _panel(axes, title, series, best_step)
    rate = places[len(panels) - 1]
    rate.set_yscale("linear")  # a cosine should look like one
    rate.set_title("", loc="right")
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    for axes in places[max(len(panels) - _COLUMNS, 0) : len(panels)]:
        axes.xaxis.set_tick_params(labelbottom=True)
        axes.set_xlabel("step", fontsize=8, color=INK)
    save(figure, path)


def _panel(
    axes: Any, title: str, series: Mapping[str, Sequence[tuple[int, float]]], best: int | None
) -> None:
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    for number, (name, points) in enumerate(series.items()):
        if not points:
            continue
        steps, values = zip(*points, strict=True)
        few = "o" if len(points) < 3 else ""
        axes.plot(
            steps, values, marker=few, linestyle="-", linewidth=1.4, markersize=3,
            color=COLOURS[number], label=name,
        )  # fmt: skip
    if best is not None:
        axes.axvline(best, color=QUIET, linewidth=0.8, linestyle=":")
        judged = [*series.values()][-1]  # of the losses, that of the development data
        for value in [value for step, value in judged if step == best]:
            axes.set_title(f"{value:.4g} at step {best:,}", fontsize=8, color=QUIET, loc="right")
    if _wide([value for points in series.values() for _, value in points]):
        axes.set_yscale("log")
    if any(series) and sum(map(bool, series.values())) > 1:
        axes.legend(fontsize=8, frameon=False, labelcolor=INK)
    axes.tick_params(labelsize=8, colors=INK, length=2)
    axes.grid(color="#e4e7eb", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _wide(values: Sequence[float]) -> bool:
    """Whether values differ so much that only a logarithmic scale shows all of them."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LARGE
