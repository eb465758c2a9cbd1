"""Ids and feature vectors from numpy's files."""

from pathlib import Path

import numpy as np
import pytest

from s2sgraph.data import DataError, Field, read_archive

FIELDS = {"source": Field("frames", 2), "target": Field("text")}
NUMBERS = {"source": Field("frames", 2), "target": Field("ids")}


def archive(folder: Path, **arrays: object) -> Path:
    path = folder / "train.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_rows_of_an_archive(tmp_path: Path) -> None:
    source = np.arange(12.0).reshape(2, 3, 2)
    target = np.array([[4, 5], [6, 0]])
    path = archive(tmp_path, source=source, target=target, target_length=np.array([2, 1]))
    rows, report = read_archive(path, NUMBERS)
    assert [row["target"].tolist() for row in rows] == [[4, 5], [6]]
    assert rows[1]["source"].tolist() == source[1].tolist()
    assert report.lines == 2


def test_padding_of_an_archive_is_not_read(tmp_path: Path) -> None:
    source = np.full((1, 3, 2), np.nan)
    source[0, 0] = 1
    rows, _ = read_archive(
        archive(tmp_path, source=source, source_length=np.array([1])), {"source": FIELDS["source"]}
    )
    assert rows[0]["source"].tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({}, "no array 'source', only target"),
        ({"source": np.zeros((1, 2))}, r"shape \[1, 2\]; expected 3 axes"),
        ({"source": np.zeros((1, 2, 3))}, r"train.npz:1: bad 'source' \(shape \[2, 3\]\)"),
        ({"source": np.zeros((2, 2, 2))}, "unequal numbers of rows"),
        ({"source": np.zeros((1, 2, 2)), "source_length": np.array([3])}, "source_length is 3"),
        ({"source": np.zeros((1, 2, 2)), "source_length": np.array([1, 1])}, r"no int\[1\]"),
        ({"source": np.array([[["a", "b"]]])}, "not all are numbers"),
    ],
)
def test_bad_archives(tmp_path: Path, arrays: dict[str, object], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read_archive(archive(tmp_path, target=np.array([[1]]), **arrays), NUMBERS)


def test_archives_with_objects_are_not_opened(tmp_path: Path) -> None:
    path = archive(tmp_path, source=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match=r"cannot be read .*without Python objects"):
        read_archive(path, NUMBERS)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nonsense" * 10])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_archive(path, NUMBERS)


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(DataError, match="a single array"):
        read_archive(tmp_path / "x.npy", NUMBERS)


def test_damage_inside_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, source=np.arange(4000.0).reshape(1, 2000, 2), target=[[1]])
    content = bytearray(path.read_bytes())
    for place in range(100, len(content), 61):
        content[place] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_archive(path, NUMBERS)
