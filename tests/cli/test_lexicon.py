"""`export --lexicon`: from lines to a file that knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SPEC = """
name: spelling
source: {tokens: characters, symbols: [a, b, c], normalize: lowercase}
target: {tokens: words, symbols: [A, B, C]}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, {gru: {size: 8, start: encoder.final}}, output]
search: {kind: beam, max_length: 9}
data: {odd: error}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    (tmp_path / "one.tsv").write_text("AB\tC C\nca\tA\n")
    (tmp_path / "two.tsv").write_text("ca\tB\ncb\tB C A\nax\tA\nbb\tX\n")
    return path


def test_a_file_that_knows_lines(
    cli: Any, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are found from where the command runs, whatever folder the spec is in."""
    monkeypatch.chdir(tmp_path.parent)
    name = tmp_path.name
    file = tmp_path / "model.onnx"
    files = ["--lexicon", f"{name}/one.tsv", "--lexicon", f"{name}/two.tsv"]
    done = cli("export", spec, "--random-weights", *files, "-o", file)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == (
        f"{name}/one.tsv, {name}/two.tsv: a lexicon of 3 lines; left out: 2 with symbols that are "
        "in no vocabulary, 1 of a source that came before"
    )
    done = cli("run", file, stdin=b"ab\nCA\ncb\n\n")
    assert done.out.splitlines()[:3] == ["C C", "A", "B C A"]
    assert "lexicon: 3 lines" in cli("show", file).out
    test = tmp_path / "test.tsv"
    test.write_text("ab\tC C\ncb\tB C A\n")
    done = cli("eval", file, test, "--metrics", "sequence_accuracy")
    assert "100.00%" in done.out, done.out


def test_several_graphs(cli: Any, spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    words = ["--graph", "decode,score", "--lexicon", tmp_path / "one.tsv", "-o", folder]
    done = cli("export", spec, "--random-weights", *words)
    assert done.code == 0, done.err
    assert cli("run", folder / "decode.onnx", stdin=b"ca\n").out == "A\n"
    assert "lexicon" not in cli("show", folder / "score.onnx").out


def test_no_decode_file(cli: Any, spec: Path, tmp_path: Path) -> None:
    words = ["export", spec, "--random-weights", "--lexicon", tmp_path / "one.tsv"]
    for others in (["--graph", "score", "-o", tmp_path / "x.onnx"], ["--emit", tmp_path / "x.py"]):
        done = cli(*words, *others)
        assert (done.code, "only a decode file has a lexicon" in done.err) == (2, True)
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("ab\tA\nno target\n", 3, "odd.tsv:2"),
        ("ax\tA\n", 4, "read and write; 1 have symbols that are in no vocabulary"),
        ("", 4, "no line that the model can read and write"),
        (None, 3, "odd.tsv"),
    ],
)
def test_odd_lines(
    cli: Any, spec: Path, tmp_path: Path, text: str | None, code: int, says: str
) -> None:
    odd, file = tmp_path / "odd.tsv", tmp_path / "model.onnx"
    if text is not None:
        odd.write_text(text)
    done = cli("export", spec, "--random-weights", "--lexicon", odd, "-o", file)
    assert (done.code, says in done.err) == (code, True), done.err
    assert not file.exists()
