"""`score`: one log-probability out for each pair in; and files that it and `export` agree on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SPEC = """
name: copying
source: {tokens: characters, symbols: [a, b, c]}
target: {tokens: characters, symbols: [a, b, c]}
encoder: [embedding: 8, gru: 8]
decoder:
  - embedding: 8
  - gru: {size: 8, start: encoder.final}
  - attention: {name: context, query: gru, score: dot}
  - output: {from: [gru, context]}
search: {kind: beam, beams: 3, n_best: 2, max_length: 5, banned: ["<unk>"]}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return path


def exported(cli: Any, spec: Path, name: str, *words: str, sources: int = 1) -> Path:
    file = spec.parent / name
    done = cli("export", *[spec] * sources, "--random-weights", "-o", file, *words)
    assert done.code == 0, done.err
    return file


def test_scores_of_pairs(cli: Any, spec: Path) -> None:
    file = exported(cli, spec, "score.onnx", "--graph", "score")
    lines = b"ab\tba\n\nc\t\nabc\tb\n"
    done = cli("score", file, stdin=lines)
    assert (done.code, done.err) == (0, "")
    first, empty, nothing, last, end = done.out.split("\n")
    assert (empty, end) == ("", "")
    assert all(float(score) < 0 for score in (first, nothing, last))
    each = cli("score", file, "--tokens", stdin=lines).out.splitlines()[0].split("\t")
    assert each[0] == first
    assert sum(map(float, each[1].split())) == pytest.approx(float(first), abs=1e-3)
    assert len(each[1].split()) == len("ba") + 1


def test_scores_are_those_of_the_search(cli: Any, spec: Path, tmp_path: Path) -> None:
    decode = exported(cli, spec, "decode.onnx")
    score = exported(cli, spec, "score.onnx", "--graph", "score")
    lines = ["a", "abca", "bb", "ccab"]
    answers = cli("run", decode, "--json", stdin="\n".join(lines).encode()).out.splitlines()
    found = [
        (source, hypothesis)
        for source, answer in zip(lines, answers, strict=True)
        for hypothesis in json.loads(answer)["hypotheses"]
    ]
    ended = [(source, h) for source, h in found if h["tokens"][-1:] == [2]]
    pairs = "".join(f"{source}\t{h['text']}\n" for source, h in ended).encode()
    scored = cli("score", score, "--json", stdin=pairs).out.splitlines()
    assert len(scored) > 1
    for (_, hypothesis), one in zip(ended, map(json.loads, scored), strict=True):
        assert one["tokens"] == hypothesis["tokens"]
        assert one["score"] == pytest.approx(hypothesis["score"], abs=1e-4)
        assert one["token_scores"] == pytest.approx(hypothesis["token_scores"], abs=1e-4)


def test_lines_without_two_columns(cli: Any, spec: Path) -> None:
    file = exported(cli, spec, "score.onnx", "--graph", "score")
    done = cli("score", file, stdin=b"a\tb\nab\na\tb\tc\n")
    assert done.code == 3
    assert "stdin:2: 1 columns; expected source TAB target" in done.err
    assert "stdin:3: 3 columns" in done.err
    assert cli("score", exported(cli, spec, "decode.onnx"), stdin=b"a\tb\n").code == 4


def test_an_ensemble_of_several(cli: Any, spec: Path) -> None:
    alone = exported(cli, spec, "alone.onnx", "--inputs", "beams,n_best")
    several = exported(cli, spec, "several.onnx", "--inputs", "beams,n_best", sources=3)
    lines = b"abc\nb\n"
    for words in (["--beams", "1"], ["--beams", "4", "--n-best", "4"]):
        found = [cli("run", file, "--scores", *words, stdin=lines) for file in (alone, several)]
        assert [done.code for done in found] == [0, 0]
        assert found[0].out != found[1].out
        columns = 2 * int(words[-1])
        assert all(len(line.split("\t")) == columns for line in found[1].out.splitlines())


def test_another_search(cli: Any, spec: Path) -> None:
    """What both kinds can be told stays: here the longest length."""
    file = exported(cli, spec, "greedy.onnx", "--search", "greedy")
    found = json.loads(cli("run", file, "--json", stdin=b"abcabc\n").out)["hypotheses"]
    assert len(found) == 1
    assert len(found[0]["tokens"]) <= 5
    done = cli("export", spec, "--random-weights", "-o", file, "--search", "bean")
    assert (done.code, "did you mean beam?" in done.err) == (2, True)
    done = cli("export", spec, "--random-weights", "-o", file, "--graph", "score,decode", "--hard")
    assert (done.code, "only a score file can be hard" in done.err) == (2, True)
