"""Cutting lines into units and joining them again."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.text import Characters, Subwords, Words

LINES = ["low lower lowest", "new newer newest", "wide wider widest"] * 5


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return Subwords.train(LINES, 300)


@given(st.text())
def test_characters_join_to_the_same_line(line: str) -> None:
    assert Characters().join(Characters().split(line)) == line


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_subwords_join_to_the_same_line(subwords: Subwords, line: str) -> None:
    assert subwords.join(subwords.split(line)) == line


def test_words_are_cut_at_any_white_space() -> None:
    assert Words().split(" a\u00a0b\tc  d\u2028") == ["a", "b", "c", "d"]
    assert Words().join(["a", "b"]) == "a b"


def test_subwords_learn_what_is_frequent(subwords: Subwords) -> None:
    assert subwords.split(" newest") == ["Ġnewest"]
    assert len(subwords.split("zyx")) == 3
    assert 256 < len(subwords.symbols) <= 300


def test_subwords_smaller_than_the_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 256 units, not 200"):
        Subwords.train(LINES, 200)


def test_a_foreign_subword_model_is_refused() -> None:
    with pytest.raises(ValueError, match="not a subword model"):
        Subwords("{}")


def test_subwords_are_the_same_in_every_process() -> None:
    code = (
        "import hashlib; from s2sgraph.text import Subwords\n"
        f"print(hashlib.sha256(Subwords.train({LINES!r}, 300).model.encode()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1
