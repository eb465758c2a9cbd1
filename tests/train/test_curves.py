"""Curves of a log."""

import json
import re
from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from s2sgraph.train.curves import Curves, draw_curves, read_curves


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


LINES = (
    {"step": 5, "loss": 2.0, "rate": 0.1, "seconds": 1.5},
    {"step": 10, "loss": 1.0, "rate": 0.2, "dev_loss": 1.5, "dev_cer": 0.5, "dev_bleu": 12.0},
    {"step": 20, "loss": 0.5, "rate": 0.1, "dev_loss": 1.25, "dev_cer": 0.25},
)


def test_what_a_log_says(tmp_path: Path) -> None:
    found = read_curves(written(tmp_path / "log.jsonl", *LINES))
    assert found == Curves(
        loss=[(5, 2.0), (10, 1.0), (20, 0.5)],
        dev_loss=[(10, 1.5), (20, 1.25)],
        rate=[(5, 0.1), (10, 0.2), (20, 0.1)],
        figures={"cer": [(10, 0.5), (20, 0.25)], "bleu": [(10, 12.0)]},
    )


def test_losses_beside_the_loss_are_of_training(tmp_path: Path) -> None:
    lines = [{**line, "coverage_loss": line["step"] / 10} for line in LINES]
    curves = read_curves(written(tmp_path / "log.jsonl", *lines))
    assert curves.auxiliary == {"coverage_loss": [(5, 0.5), (10, 1.0), (20, 2.0)]}
    assert [*curves.figures] == ["cer", "bleu"]
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_curves(curves, tmp_path / "curves.svg")
    assert "coverage_loss" in (tmp_path / "curves.svg").read_text("utf-8")


def test_a_log_of_a_run_that_was_killed_and_went_on(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl", *LINES, {"step": 10, "loss": 0.75, "rate": 0.2})
    with log.open("a") as file:
        file.write('{"step": 30, "lo')
    found = read_curves(log)
    assert found.loss == [(5, 2.0), (10, 0.75), (20, 0.5)]
    assert found.dev_loss[0] == (10, 1.5)


def test_each_figure_has_its_panel(tmp_path: Path) -> None:
    curves = read_curves(written(tmp_path / "log.jsonl", *LINES))
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_curves(curves, tmp_path / "curves.svg", best_step=20)
    found = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "curves.svg").read_text("utf-8"))
    for text in ("loss", "training", "development", "cer", "bleu", "learning rate", "step"):
        assert text in found, text
    # The best step's figures, where there are any: no BLEU was measured there.
    assert [text for text in found if "at step" in text] == [
        "1.25 at step 20",
        "0.25 at step 20",
    ]


@pytest.mark.parametrize("figures", [0, 1, 2, 5])
def test_panels_are_in_two_columns(tmp_path: Path, figures: int) -> None:
    points = [(1, 2.0), (2, 1e-3), (3, 1e-4)]
    named = {f"figure{n}": points for n in range(figures)}
    draw_curves(Curves(points, [], [], named), tmp_path / "curves.png")
    width, height = size(tmp_path / "curves.png")
    rows = (figures + 3) // 2
    assert height / width == pytest.approx(rows * 2.7 / 9.2, rel=0.01)


def test_an_empty_log_is_an_empty_picture(tmp_path: Path) -> None:
    draw_curves(read_curves(written(tmp_path / "log.jsonl")), tmp_path / "curves.png", 3)
    assert min(size(tmp_path / "curves.png")) > 100
