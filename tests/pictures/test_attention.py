"""Attention as a picture."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from s2sgraph.pictures.attention import LABELLED, draw_attention


def texts(path: Path) -> list[str]:
    """The texts of an SVG, in their order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_symbols_stand_beside_their_places(tmp_path: Path) -> None:
    weights = {"context": np.eye(3, 4), "layers[1].attention": np.ones((3, 4)) / 4}
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_attention(tmp_path / "a.svg", weights, ["a", " ", "$", "c"], ["x", "yy", "<eos>"], "t")
    found = texts(tmp_path / "a.svg")
    assert sorted(found) == sorted(
        ["context", "layers[1].attention", "t", *2 * ["a", "␣", "$", "c", "x", "yy", "&lt;eos&gt;"]]
    )


def test_darker_is_more(tmp_path: Path) -> None:
    draw_attention(tmp_path / "new" / "a.png", {"context": np.diag([1.0, 0.5])}, "ab", "cd")
    with Image.open(tmp_path / "new" / "a.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    shades, counts = np.unique(pixels, return_counts=True)
    # White paper, one cell full, one half, and two that are nearly as white as the paper.
    large = sorted(shades[counts > counts.max() // 20].tolist())
    assert len(large) == 4
    assert large[0] < 80 < large[1] < 180 < large[2] < large[3] == 255


@pytest.mark.parametrize("places", [1, LABELLED, LABELLED + 1, 500])
def test_long_sentences_have_numbers(tmp_path: Path, places: int) -> None:
    symbols = [f"s{n}" for n in range(places)]
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_attention(tmp_path / "a.svg", {"w": np.zeros((places, places))}, symbols, symbols)
    assert ("s0" in texts(tmp_path / "a.svg")) == (places <= LABELLED)
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw_attention(tmp_path / "b.svg", {"w": np.zeros((2, 2))}, [], [])
    assert set(texts(tmp_path / "b.svg")) == {"0", "1", "w"}


def test_many_layers_are_drawn_in_rows(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 3, 4):
        weights = {f"layer{n}": np.eye(12) for n in range(count)}
        draw_attention(tmp_path / "a.png", weights, "a" * 12, "b" * 12)
        sizes.append(size(tmp_path / "a.png"))
    (width, height), three, four = sizes
    assert three == pytest.approx((3 * width, height), abs=2)
    assert four == pytest.approx((3 * width, 2 * height), abs=2)


def test_signs_without_a_glyph_are_boxes(tmp_path: Path) -> None:
    draw_attention(tmp_path / "a.png", {"context": np.eye(2)}, ["日", "\U0001f600"], ["本", "$_"])
    assert min(size(tmp_path / "a.png")) > 100
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
