"""`export`: from specs and runs to files that run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from s2sgraph import verifying
from s2sgraph.exporting import ExportError
from s2sgraph.runtime.extensions import operators
from s2sgraph.spec import load
from s2sgraph.text import Subwords
from s2sgraph.train import Run, train

SPEC = """
name: copying
source: {tokens: characters, symbols: [a, b, c]}
target: {tokens: characters, symbols: [a, b, c]}
encoder: [embedding: 8, gru: 8]
decoder:
  - embedding: 8
  - attention: {name: context, query: prev.state, score: dot}
  - gru: {name: state, from: [embedding, context], size: 8, start: encoder.final}
  - output
data: {train: train.tsv}
train: {batch_size: 3, steps: 2}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("training")
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "train.tsv").write_text("ab\tab\nc\tc\nbca\tbca\n")
    return train(load(folder / "spec.yaml"), folder / "run")


def test_a_run_folder(cli: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    done = cli("export", run.folder, "-o", file)
    assert done.code == 0, done.err
    first, second = done.out.splitlines()
    assert first.startswith(f"{file}: 0.0")
    assert first.endswith(f"MB, decode of copying, weights of {run.best}")
    names = "tokens, lengths, scores, token_scores"
    assert second.startswith(f"onnxruntime against torch: 4 outputs ({names}), ")
    lines = cli("run", file, stdin=b"ab\n\nc\n").out.splitlines()
    assert len(lines) == 3
    assert lines[1] == ""


def test_random_weights(cli: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    done = cli("export", run.spec, "-o", file, "--random-weights")
    assert (done.code, "random weights" in done.out) == (0, True)
    assert cli("run", file, stdin=b"ab\n").code == 0


def test_the_score_graph_and_further_outputs(cli: Any, run: Run, tmp_path: Path) -> None:
    done = cli("export", run.folder, "-o", tmp_path / "s.onnx", "--graph", "score")
    assert (done.code, "token_scores, scores" in done.out) == (0, True)
    done = cli(
        "export", run.folder, "-o", tmp_path / "o.onnx", "--outputs", "context.weights, state"
    )
    names = "tokens, lengths, scores, token_scores, context.weights, state"
    assert (done.code, f"({names})" in done.out) == (0, True)


def test_several_graphs_share_their_weights(cli: Any, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    done = cli("export", run.folder, "-o", folder, "--graph", "decode,encode,step,score")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line.partition(": ")[0] for line in lines[::2]] == [
        *(str(folder / f"{graph}.onnx") for graph in ("decode", "encode", "step", "score")),
        str(folder / "weights.bin"),
    ]
    assert cli("run", folder / "decode.onnx", stdin=b"ab\n").code == 0
    (folder / "weights.bin").unlink()
    done = cli("run", folder / "decode.onnx", stdin=b"ab\n")
    assert (done.code, "weights.bin, which is not beside it" in done.err) == (4, True)


def test_weights_beside_one_file(cli: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    done = cli("export", run.folder, "-o", file, "--external")
    assert done.code == 0, done.err
    assert "model.weights.bin: 0.0" in done.out
    assert cli("run", file, stdin=b"ab\n").code == 0


@pytest.mark.parametrize("form", ["standard", "onnxruntime"])
def test_lines_in_and_out(cli: Any, run: Run, tmp_path: Path, form: str) -> None:
    ids, lines = tmp_path / "ids.onnx", tmp_path / "lines.onnx"
    assert cli("export", run.folder, "-o", ids).code == 0
    done = cli("export", run.folder, "-o", lines, "--text", form)
    assert done.code == 0, done.err
    given = "ab\n\nbca\nx é\n".encode()
    assert cli("run", lines, stdin=given).out == cli("run", ids, stdin=given).out


@pytest.mark.skipif(operators() is None, reason="needs onnxruntime-extensions")
def test_subwords_in_and_out(cli: Any, run: Run, tmp_path: Path) -> None:
    learned, ids, lines = (tmp_path / name for name in ("units.json", "ids.onnx", "lines.onnx"))
    learned.write_text(Subwords.train(["ab bca", "c"] * 3, 260).model)
    asked = [run.spec, "--random-weights"]
    for side in ("source", "target"):
        asked += ["--set", f"{side}={{tokens: subwords, file: {learned}}}"]
    assert cli("export", *asked, "-o", ids).code == 0
    done = cli("export", *asked, "-o", lines, "--text", "extensions")
    assert done.code == 0, done.err
    given = "ab\n\nbca  c\nx é <|endoftext|>\n".encode()
    assert cli("run", lines, stdin=given).out == cli("run", ids, stdin=given).out
    done = cli("export", *asked, "-o", lines, "--text", "onnxruntime")
    assert (done.code, "for subwords, the form extensions" in done.err) == (4, True)


@pytest.mark.parametrize("form", ["standard", "onnxruntime"])
def test_lines_that_would_have_to_be_normalized(
    cli: Any, run: Run, tmp_path: Path, form: str
) -> None:
    """Those of the source; what is written is spelled as its vocabulary has it."""
    asked = ("--random-weights", "--text", form, "-o", tmp_path / "lines.onnx")
    done = cli("export", run.spec, *asked, "--set", "source.normalize=[nfc, lowercase]")
    assert done.code == 4
    assert "source: no operator of a file normalizes text (nfc, lowercase). Without" in done.err
    assert not [*tmp_path.iterdir()]
    done = cli("export", run.spec, *asked, "--set", "target.normalize=lowercase")
    assert done.code == 0, done.err


def test_settings(cli: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    assert cli("export", run.folder, "-o", file, "--set", "search.max_length=1").code == 0
    assert len(cli("run", file, stdin=b"abc\n").out.strip()) <= 1


def test_weights_that_do_not_fit(cli: Any, run: Run, tmp_path: Path) -> None:
    weights = load_file(run.best)
    del weights["decoder.state.input"]
    weights["decoder.output.bias"][0] = np.nan
    save_file(weights, tmp_path / "w.safetensors")
    file = tmp_path / "model.onnx"
    done = cli("export", run.spec, "-o", file, "--weights", tmp_path / "w.safetensors")
    assert done.code == 4
    assert "missing: decoder.state.input" in done.err
    assert "decoder.output.bias has values that are not finite" in done.err
    done = cli("export", run.spec, "-o", file, "--weights", tmp_path / "none.safetensors")
    assert done.code == 4
    assert not file.exists()


def test_a_file_that_differs_is_not_left(
    cli: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = verifying.expectation

    def wrong(*words: Any) -> Any:
        return {**honest(*words), "scores": honest(*words)["scores"] + 1}

    monkeypatch.setattr(verifying, "expectation", wrong)
    done = cli("export", run.folder, "-o", tmp_path / "model.onnx")
    assert (done.code, "scores differs by up to" in done.err) == (4, True)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ExportError):
        verifying.compare({"x": np.zeros(1)}, {"x": np.ones(1)})


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "no run folder; give weights, or --random-weights"),
        (["--random-weights", "--weights", "x.safetensors"], "keep one"),
        (["--graph", "encoder", "--random-weights"], "'encoder'; expected some of decode, score"),
        (["--graph", "step,step", "--random-weights"], "once each"),
        (["--graph", ",", "--random-weights"], "expected some of decode"),
        (
            ["--graph", "step", "--text", "standard", "--random-weights"],
            "only a decode file takes lines",
        ),
        (["--text", "quick", "--random-weights"], "quick"),
        (["--outputs", "attentions", "--random-weights"], "attentions"),
    ],
)
def test_mistakes_in_the_command(
    cli: Any, run: Run, tmp_path: Path, words: list[str], hint: str
) -> None:
    done = cli("export", run.spec, "-o", tmp_path / "model.onnx", *words)
    assert (done.code, hint in done.err) == (2, True), done.err


def test_a_folder_without_a_run(cli: Any, tmp_path: Path) -> None:
    done = cli("export", tmp_path, "-o", tmp_path / "model.onnx")
    assert (done.code, "no best.safetensors" in done.err) == (2, True)


def test_an_open_vocabulary_says_how_to_close_it(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SPEC.replace(", symbols: [a, b, c]", ""))
    done = cli("export", tmp_path / "s.yaml", "-o", tmp_path / "m.onnx", "--random-weights")
    assert (done.code, "train closes it" in done.err) == (2, True)
