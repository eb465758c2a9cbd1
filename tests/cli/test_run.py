"""`run`: one line out for each line in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_lines_from_stdin(cli: Any, model_file: Path) -> None:
    done = cli("run", model_file, stdin=b"abc\nbad\n")
    assert (done.code, done.out, done.err) == (0, "abc\nbad\n", "")


def test_files_in_and_out(cli: Any, model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"abc\nbad")
    done = cli("run", model_file, tmp_path / "in", "--output", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out").read_bytes() == b"abc\nbad\n"


@pytest.mark.parametrize("batch", [1, 3, 32])
def test_lines_stay_one_to_one(cli: Any, model_file: Path, batch: int) -> None:
    lines = ["a" * (n * 7 % 5) for n in range(100)]
    done = cli("run", model_file, "--batch", batch, stdin="\n".join(lines).encode() + b"\n")
    assert done.out.split("\n") == [*lines, ""]


def test_odd_lines_stay_one_to_one(cli: Any, model_file: Path) -> None:
    odd = b"\xef\xbb\xbfa\r\n\n\xff\nb\xe2\x80\xa8c\n\0\n" + b"a\x0cb"
    done = cli("run", model_file, stdin=odd)
    assert done.code == 0
    assert done.out.split("\n") == ["a", "", "<unk>", "b<unk>c", "", "a<unk>b", ""]


def test_odd_lines_can_be_refused(cli: Any, model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"a\nb\r\n")
    done = cli("run", model_file, path, "--odd", "error")
    assert done.code == 3
    assert done.err.startswith(f"{path}:2: carriage return at the end")
    assert cli("run", model_file, "--odd", "both").code == 2


def test_no_lines(cli: Any, model_file: Path) -> None:
    assert cli("run", model_file)[:2] == (0, "")


def test_settings_of_the_search(cli: Any, model_file: Path) -> None:
    assert cli("run", model_file, "--set", "max_length=2", stdin=b"abcd\n").out == "ab\n"
    done = cli("run", model_file, "--set", "max_lenght=2", stdin=b"abcd\n")
    assert done.code == 2
    assert "did you mean 'max_length'?" in done.err
    assert cli("run", model_file, "--set", "max_length=two").code == 2


def test_scores(cli: Any, model_file: Path) -> None:
    done = cli("run", model_file, "--scores", stdin=b"ab\n\n")
    assert done.out == "9.0000\tab\n\n"


def test_json(cli: Any, model_file: Path) -> None:
    done = cli("run", model_file, "--json", stdin=b"ab\n\n")
    first, second = map(json.loads, done.out.splitlines())
    assert first == {"line": 1, "hypotheses": [{"text": "ab", "tokens": [4, 5], "score": 9.0}]}
    assert second == {"line": 2, "hypotheses": []}


def test_text_that_would_break_the_line(cli: Any, write_model: Callable[..., Path]) -> None:
    symbols = ["<pad>", "<bos>", "<eos>", "<unk>", "a", "\n", "\t"]
    target = {"kind": "characters", "symbols": symbols}
    source = {"kind": "characters", "symbols": [*symbols[:5], "b", "c"]}
    path = write_model(vocabularies={"source": source, "target": target})
    assert cli("run", path, stdin=b"abaca\n").out == "a a a\n"


def test_ids_without_symbols(cli: Any, write_model: Callable[..., Path], tmp_path: Path) -> None:
    path = write_model(vocabularies={"source": None, "target": None})
    assert cli("run", path, stdin=b"7 3 900\n\n5\n").out == "7 3 900\n\n5\n"
    done = cli("run", path, stdin=b"7\n\n5 x\n-1\n6\n")
    assert done.code == 3
    assert [line.split(": ")[0] for line in done.err.splitlines()] == ["stdin:3", "stdin:4"]


def test_frames(cli: Any, frames_file: Path) -> None:
    done = cli("run", frames_file, stdin=b"[[1, 2], [3, 4]]\n\n[[5, 6]]\n")
    assert done.out == "[[1.0, 2.0], [3.0, 4.0]]\n\n[[5.0, 6.0]]\n"
    done = cli("run", frames_file, "--json", stdin=b"[[1, 2]]\n")
    assert json.loads(done.out)["hypotheses"][0] == {
        "text": None, "tokens": [], "score": None, "frames": [[1.0, 2.0]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "problem"),
    [(b"[[1, 2]", "bad JSON"), (b"[[1, 2, 3]]", "shape [1, 3]"), (b'"ab"', "text")],
)
def test_bad_frames(cli: Any, frames_file: Path, line: bytes, problem: str) -> None:
    done = cli("run", frames_file, stdin=b"[[1, 2]]\n" + line + b"\n")
    assert done.code == 3
    assert done.err.startswith("stdin:2: ")
    assert problem in done.err


def test_a_model_that_is_not_there(cli: Any, tmp_path: Path, model_file: Path) -> None:
    assert cli("run", tmp_path / "none.onnx").code == 4
    done = cli("run", model_file, tmp_path / "none.txt")
    assert (done.code, "cannot be read" in done.err) == (3, True)
