"""What `run` writes for a line: scores, alignments, pictures, JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import example, trained

from s2sgraph import Session


@pytest.fixture(scope="module")
def aligning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that gives its attention."""
    model = example("specs/bahdanau")
    path = tmp_path_factory.mktemp("files") / "model.onnx"
    return model.export(path, trained(model), outputs=["context.weights"])


LINES = b"s1 s2 s3\n\ns8\n"


def by_hand(file: Path, line: str) -> list[list[int]]:
    (result,) = Session(file).run([line], max_length=5)
    weights = result.best.extras["context.weights"]
    return [[int(np.argmax(row)), place] for place, row in enumerate(weights)]


def test_alignments_stand_beside_their_text(cli: Any, aligning: Path) -> None:
    done = cli("run", aligning, "--alignments", "--set", "max_length=5", stdin=LINES)
    assert done.code == 0, done.err
    first, empty, last = done.out.splitlines()
    assert empty == ""
    text, pairs = first.split("\t")
    assert [[*map(int, pair.split("-"))] for pair in pairs.split()] == by_hand(aligning, "s1 s2 s3")
    assert {pair.split("-")[0] for pair in last.split("\t")[1].split()} == {"0"}
    assert cli("run", aligning, "--set", "max_length=5", stdin=LINES).out.startswith(f"{text}\n")


def test_scores_stand_before(cli: Any, aligning: Path) -> None:
    done = cli("run", aligning, "--alignments", "--scores", stdin=b"s1\n")
    score, text, pairs = done.out.rstrip("\n").split("\t")
    (result,) = Session(aligning).run(["s1"])
    assert (score, text) == (f"{result.score:.4f}", result.text)
    assert len(pairs.split()) == len(result.tokens)


def test_json_has_them_too(cli: Any, aligning: Path) -> None:
    options = ["--json", "--alignments", "--set", "max_length=5"]
    first, empty, _ = map(json.loads, cli("run", aligning, *options, stdin=LINES).out.splitlines())
    assert first["hypotheses"][0]["alignment"] == by_hand(aligning, "s1 s2 s3")
    assert empty["hypotheses"] == []


def test_a_picture_of_the_first_line_that_is_not_empty(
    cli: Any, aligning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    import s2sgraph.pictures.attention as pictures

    drawn: list[Any] = []
    honest = pictures.draw_attention

    def draw(path: Path, weights: Any, source: Any, target: Any) -> None:
        drawn.append((weights["context.weights"].shape, source, target))
        honest(path, weights, source, target)

    monkeypatch.setattr(pictures, "draw_attention", draw)
    path = tmp_path / "attention.png"
    options = ["--attention", path, "--batch", 1, "--set", "max_length=4"]
    done = cli("run", aligning, *options, stdin=b"\ns1 xx s3\ns8\n" * 20)
    assert done.code == 0, done.err
    ((shape, source, target),) = drawn
    assert (shape, source) == ((len(target), 3), ["s1", "<unk>", "s3"])
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_words_that_were_copied(cli: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model = example("specs/pointer_generator")
    weights = trained(model)
    weights["decoder.output.gate_bias"] = np.array(-20, np.float32)
    file = model.export(tmp_path / "model.onnx", weights, outputs=["attention"])
    line = " ".join(f"odd{number}" for number in range(6))
    path = tmp_path / "attention.png"
    done = cli("run", file, "--attention", path, "--alignments", stdin=f"{line}\n".encode())
    assert (done.code, path.exists()) == (0, True), done.err
    assert "odd" in done.out


@pytest.mark.parametrize("option", [["--alignments"], ["--attention", "a.png"]])
def test_a_file_without_attention(cli: Any, model_file: Path, option: list[str]) -> None:
    done = cli("run", model_file, *option, stdin=b"ab\n")
    assert (done.code, "gives no attention; export it with --outputs" in done.err) == (2, True)
