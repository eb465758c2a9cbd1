"""Odd bytes in text files, under each policy."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.data import DataError, Report, read_lines
from s2sgraph.data.lines import LONGEST, scan

ODD = {
    "carriage return": (b"a\nb\r\nc\n", 2, "carriage return at the end", "b"),
    "byte order mark": (b"\xef\xbb\xbfa\nb\n", 1, "byte order mark", "a"),
    "NUL": (b"a\nb\0c\n", 2, "NUL byte", "bc"),
    "bad UTF-8": (b"a\nb\nxy\xff\n", 3, "no UTF-8 at byte 3", "xy\ufffd"),
    "half a character": (b"a\n\xc3\n", 2, "no UTF-8 at byte 1", "\ufffd"),
    "a surrogate": (b"\xed\xa0\x80\n", 1, "no UTF-8 at byte 1", "\ufffd" * 3),
    "too long": (b"a" * (LONGEST + 1) + b"\nb\n", 1, "line too long", "a" * LONGEST),
}


def written(folder: Path, content: bytes, name: str = "lines.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", ODD)
def test_error_names_file_and_line(tmp_path: Path, case: str) -> None:
    content, number, problem, _ = ODD[case]
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_lines(path)
    assert [(fault.line, fault.problem) for fault in caught.value.faults] == [(number, problem)]
    assert str(caught.value).startswith(f"{path}:{number}: {problem}; expected ")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("case", ODD)
def test_skip_leaves_the_line_out(tmp_path: Path, case: str) -> None:
    content, number, _, _ = ODD[case]
    lines = read_lines(written(tmp_path, content), "skip")
    assert [line.number for line in lines] == [
        n for n in range(1, content.count(b"\n") + 1) if n != number
    ]


@pytest.mark.parametrize("case", ODD)
def test_keep_repairs_the_line(tmp_path: Path, case: str) -> None:
    content, number, _, repaired = ODD[case]
    lines = read_lines(written(tmp_path, content), "keep")
    assert len(lines) == content.count(b"\n")
    assert lines[number - 1].text == repaired


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf\xff\0\r\nb\nc\r\n")
    with pytest.raises(DataError) as caught:
        read_lines(path)
    assert [fault.line for fault in caught.value.faults] == [1, 1, 1, 1, 3]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="and 80 more faults in"):
        read_lines(written(tmp_path, b"\0\n" * 100))


@pytest.mark.parametrize(
    "inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r", "\ufeff"]
)
def test_lines_end_at_newline_bytes_only(tmp_path: Path, inside: str) -> None:
    path = written(tmp_path, f"a{inside}b\nc\n".encode())
    assert [line.text for line in read_lines(path)] == [f"a{inside}b", "c"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"", []), (b"\n", [""]), (b"a", ["a"]), (b"a\n", ["a"]), (b"a\n\nb", ["a", "", "b"])],
)
def test_empty_lines_and_last_lines(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    assert [line.text for line in read_lines(written(tmp_path, content))] == lines


@given(st.binary(max_size=200), st.integers(1, 20))
def test_keep_is_one_to_one_whatever_comes(content: bytes, longest: int) -> None:
    lines = list(scan(io.BytesIO(content), longest))
    expected = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    assert [line.number for line in lines] == list(range(1, expected + 1))
    assert not any("\n" in line.text for line in lines)


def test_a_very_long_line_takes_little_memory() -> None:
    class Endless(io.RawIOBase):
        """200 MB without a line end."""

        left = 200_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            size = min(len(buffer), self.left)  # type: ignore[arg-type]
            self.left -= size
            memoryview(buffer)[:size] = b"a" * size  # type: ignore[arg-type]
            return size

    tracemalloc.start()
    try:
        (line,) = scan(io.BufferedReader(Endless()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(line.text) == LONGEST
    assert peak < 10 * LONGEST


def test_gzip_is_read_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(b"a\nb\n"), "lines.txt.gz")
    assert [line.text for line in read_lines(path)] == ["a", "b"]


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:5], lambda b: b"no gzip"])
def test_damaged_gzip_is_a_data_error(tmp_path: Path, damage: object) -> None:
    whole = gzip.compress(b"a\nb\n" * 1000)
    path = written(tmp_path, damage(whole), "lines.gz")  # type: ignore[operator]
    with pytest.raises(DataError, match=r"lines.gz:\d+: damaged gzip"):
        read_lines(path, "keep")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read .No such file"):
        read_lines(tmp_path / "none.txt")
    with pytest.raises(DataError, match=r"cannot be read .Is a directory"):
        read_lines(tmp_path)


def test_a_report_in_words() -> None:
    report = Report(lines=1200)
    assert report.describe() == "1,200 lines"
    report.skipped.update(["no TAB", "NUL byte", "no TAB"])
    assert report.describe() == "1,200 lines, 3 skipped (1 NUL byte, 2 no TAB)"
