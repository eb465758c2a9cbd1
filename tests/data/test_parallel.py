"""Lines of source TAB target."""

from pathlib import Path

import pytest

from s2sgraph.data import DataError, read_parallel

ODD = {
    "no TAB": b"alone\n",
    "2 TABs": b"a\tb\tc\n",
    "empty source": b"\tb\n",
    "empty target": b"a\t \n",
    "carriage return at the end": b"a\tb\r\n",
    "NUL byte": b"a\0\tb\n",
    "no UTF-8": b"a\t\xff\n",
}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "train.tsv"
    path.write_bytes(content)
    return path


def test_pairs_are_read(tmp_path: Path) -> None:
    pairs, report = read_parallel(written(tmp_path, "a b\tc\u2028d\ne\tf".encode()))
    assert pairs == [("a b", "c\u2028d"), ("e", "f")]
    assert report.describe() == "2 lines"


@pytest.mark.parametrize("problem", ODD)
def test_error_names_file_and_line(tmp_path: Path, problem: str) -> None:
    path = written(tmp_path, b"a\tb\n" + ODD[problem] + b"c\td\n")
    with pytest.raises(DataError) as caught:
        read_parallel(path)
    assert str(caught.value).startswith(f"{path}:2: {problem}")
    assert len(caught.value.faults) == 1


def test_every_odd_line_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_parallel(written(tmp_path, b"".join(ODD.values())))
    assert [fault.line for fault in caught.value.faults] == list(range(1, len(ODD) + 1))
    assert "policy `skip`" in str(caught.value)


def test_skip_counts_by_reason(tmp_path: Path) -> None:
    path = written(tmp_path, b"a\tb\n" + b"".join(ODD.values()) * 2)
    pairs, report = read_parallel(path, "skip")
    assert pairs == [("a", "b")]
    assert report.skipped == dict.fromkeys(ODD, 2)
    assert report.lines == 15


def test_keep_repairs_bytes_but_not_pairs(tmp_path: Path) -> None:
    sound = b"a\tb\r\nc\0\td\ne\t\xff\n"
    assert read_parallel(written(tmp_path, sound), "keep")[0] == [
        ("a", "b"),
        ("c", "d"),
        ("e", "\ufffd"),
    ]
    with pytest.raises(DataError, match=":4: no TAB"):
        read_parallel(written(tmp_path, sound + b"alone\n"), "keep")


@pytest.mark.parametrize("content", [b"", b"alone\n"])
def test_a_file_without_pairs_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="no row in"):
        read_parallel(written(tmp_path, content), "skip")
