"""The files of one set of examples."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from s2sgraph.data import Corpus, DataError, Field, Part, Policy

TEXT = {"source": Field(), "target": Field()}
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return written


def test_rows_can_be_read_again_and_again(write: Write) -> None:
    line = json.dumps({"source": "c", "target": "d"})
    corpus = Corpus(
        (
            Part(write("x.tsv", "a\tb\n")),
            Part(write("y.jsonl", f"{line}\n")),
            Part(None, {"source": write("z.en", "e\n"), "target": write("z.fr", "f\n")}),
        ),
        TEXT,
    )
    expected = [{"source": a, "target": b} for a, b in ("ab", "cd", "ef")]
    assert list(corpus.rows()) == expected
    assert list(corpus.rows()) == expected


def test_the_order_of_columns_is_that_of_the_fields(write: Write) -> None:
    columns = {"target": write("x.fr", "b\n"), "source": write("x.en", "a\n")}
    (row,) = Corpus((Part(None, columns),), TEXT).rows()
    assert list(row.items()) == [("source", "a"), ("target", "b")]


def test_columns_are_those_of_the_model(write: Write) -> None:
    part = Part(None, {"source": write("x.en", "a\n"), "speaker": write("x.npy", "")})
    with pytest.raises(DataError) as caught:
        list(Corpus((part,), TEXT).rows())
    assert "no file for 'target'; expected one for each of source, target" in str(caught.value)
    assert "x.npy: a file for 'speaker', which this model does not read" in str(caught.value)


def test_arrays_in_the_wrong_place(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.npy: a .npy file holds one array; expected .npz with"):
        list(Corpus((Part(tmp_path / "x.npy"),), TEXT).rows())
    columns = {"source": tmp_path / "x.npz", "target": write("x.fr", "b\n")}
    with pytest.raises(DataError, match=r"x.npz: a .npz file holds several arrays"):
        list(Corpus((Part(None, columns),), TEXT).rows())


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.zeros((2, 3)), r"an array of shape \[2, 3\]; expected 3 axes"),
        (np.array([[[1.0], [np.nan]]]), r"x.npy:1: bad row \(no finite number at time 1"),
        (np.zeros((1, 2, 2)), r"x.npy:1: bad row \(shape \[2, 2\]\)"),
        (np.array([[{}]], dtype=object), "cannot be read .*without Python objects"),
        (np.zeros((2, 2, 1)), r"unequal numbers of lines \(2 in .*x.npy, 1 in .*x.fr\)"),
    ],
)
def test_bad_arrays(write: Write, tmp_path: Path, array: np.ndarray, problem: str) -> None:
    np.save(tmp_path / "x.npy", array)
    columns = {"source": tmp_path / "x.npy", "target": write("x.fr", "b\n")}
    fields = {"source": Field("frames", 1), "target": Field()}
    with pytest.raises(DataError, match=problem):
        list(Corpus((Part(None, columns),), fields).rows())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[[1], [2]", "bad line (Expecting"),
        ("[[1, 2]]", "bad line (shape [1, 2]); expected frames of 1 numbers as JSON"),
        ("3", "bad line (no list)"),
        ("[[NaN]]", "bad line (NaN is no number)"),
    ],
)
def test_bad_lines_of_frames(write: Write, line: str, problem: str) -> None:
    columns = {"source": write("x.jsonl", f"[[1]]\n{line}\n"), "target": write("x.fr", "a\nb\n")}
    fields = {"source": Field("frames", 1), "target": Field()}
    with pytest.raises(DataError) as caught:
        list(Corpus((Part(None, columns),), fields).rows())
    assert f"x.jsonl:2: {problem}" in str(caught.value)
    (row,) = Corpus((Part(None, columns),), fields, "skip").rows()
    assert row["target"] == "a"


# ------------------------------------------------------------------ the fingerprint


def fingerprint(*parts: Part, odd: Policy = "error") -> str:
    return Corpus(parts, TEXT, odd).fingerprint()


def test_the_fingerprint_is_of_the_content(write: Write) -> None:
    first, same = write("a.tsv", "a\tb\n"), write("b.tsv", "a\tb\n")
    other = write("c.tsv", "a\tc\n")
    known = fingerprint(Part(first))
    assert fingerprint(Part(same)) == known
    different = [
        fingerprint(Part(other)),
        fingerprint(Part(first), Part(same)),
        fingerprint(Part(first, weight=Fraction(1, 2))),
        fingerprint(Part(first), odd="skip"),
        fingerprint(Part(first), Part(other)),
        fingerprint(Part(other), Part(first)),
        fingerprint(Part(write("a.jsonl", "a\tb\n"))),
        fingerprint(Part(None, {"source": first, "target": first})),
        fingerprint(Part(None, {"source": first, "target": other})),
        fingerprint(Part(None, {"source": other, "target": first})),
    ]
    assert len({known, *different}) == len(different) + 1


def test_a_file_that_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.tsv: cannot be read .No such file"):
        fingerprint(Part(tmp_path / "none.tsv"))
