"""`eval`, on a file that copies and on run folders."""

import gzip
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import save_file

from s2sgraph.model import compile
from s2sgraph.spec import load

SPEC = """
source: {tokens: characters, symbols: [a, b, c, d]}
target: {tokens: characters, symbols: [a, b, c, d]}
encoder: [embedding: 8]
decoder: [embedding: 8, gru: {size: 8, start: {mean: encoder}}, output]
search: {kind: greedy, max_length: 9}
"""

Cli = Any


@pytest.fixture
def copying(write_model: Any) -> Path:
    """A file that copies its source."""
    path: Path = write_model(spec=SPEC)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "test.tsv"
    path.write_text("abc\tabc\nab\tba\nab\tab\nbd\tbca\n")
    return path


def test_the_figures_of_a_file(cli: Cli, copying: Path, data: Path) -> None:
    done = cli("eval", copying, data)
    assert (done.code, done.err) == (0, "")
    first, second, search, decoded, empty, *figures = done.out.splitlines()
    assert first == f"{data}: 4 lines"
    assert second == "3 sources with 4 references"
    assert search.startswith("greedy search, max_length 9")
    assert decoded.startswith(f"{copying}: decoded by onnxruntime, ")
    assert empty == ""
    # ab is right by its second reference; bd is two edits from bca.
    assert figures == [
        "sequence_accuracy  66.67%  2 exactly right in 3 sources",
        "cer                25.00%  2 edits in 8 characters",
    ]


def test_metrics_with_settings_as_json(cli: Cli, copying: Path, data: Path) -> None:
    metrics = "pronunciation_wer, {kind: bleu, tokenize: char, name: by_character}"
    done = cli("eval", copying, data, "--metrics", metrics, "--json", "--set", "max_length=2")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert list(found["figures"]) == ["pronunciation_wer", "by_character"]
    assert found["figures"]["pronunciation_wer"]["value"] == pytest.approx(2 / 3)
    assert "tok:char" in found["figures"]["by_character"]["signature"]
    assert (found["rows"], found["sources"]) == (4, 3)
    assert (found["search"]["kind"], found["set"]) == ("greedy", {"max_length": 2})
    assert found["data"] == {str(data): "4 lines"}
    assert found["engine"] == "onnxruntime"


def test_answers_are_written_row_by_row(cli: Cli, copying: Path, data: Path) -> None:
    output = data.with_name("out.txt")
    assert cli("eval", copying, data, "-o", output).code == 0
    assert output.read_text() == "abc\nab\nab\nbd\n"


def test_all_forms_of_data(cli: Cli, copying: Path, data: Path, tmp_path: Path) -> None:
    packed = tmp_path / "more.tsv.gz"
    packed.write_bytes(gzip.compress(b"a\ta\n"))
    lines = tmp_path / "more.jsonl"
    lines.write_text('{"source": "b", "target": "b"}\n')
    (tmp_path / "s.txt").write_text("c\nd\n")
    (tmp_path / "t.txt").write_text("c\nc\n")
    columns = [f"source={tmp_path / 's.txt'}", f"target={tmp_path / 't.txt'}"]
    done = cli("eval", copying, data, packed, lines, *columns, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["rows"], found["sources"]) == (8, 7)
    assert found["figures"]["sequence_accuracy"]["value"] == pytest.approx(5 / 7)
    assert len(found["data"]) == 4


def test_odd_lines_are_answered_by_policy(cli: Cli, copying: Path, data: Path) -> None:
    data.write_bytes(b"abc\tabc\nno tab\na\ta\r\nb\t\xff\n")
    done = cli("eval", copying, data)
    assert done.code == 3
    places = [line.partition(": ")[0] for line in done.err.splitlines()[:3]]
    assert places == [f"{data}:{line}" for line in (2, 3, 4)]
    done = cli("eval", copying, data, "--odd", "skip")
    assert done.code == 0
    assert done.out.splitlines()[0].startswith(f"{data}: 4 lines, 3 skipped (")
    assert "1 sources with 1 references" in done.out
    data.write_text("")
    assert cli("eval", copying, data).code == 3
    assert cli("eval", copying, data.with_name("none.tsv")).code == 3
    damaged = data.with_name("damaged.tsv.gz")
    damaged.write_bytes(gzip.compress(b"abc\tabc\n" * 9)[:20])
    done = cli("eval", copying, damaged)
    assert (done.code, "damaged gzip file" in done.err) == (3, True)


def test_a_source_that_is_refused_is_named(cli: Cli, frames_file: Path, tmp_path: Path) -> None:
    data = tmp_path / "frames.jsonl"
    rows = [[[1, 2], [3, 4]], [[5, 6]]]
    data.write_text("".join(json.dumps({"source": r, "target": r}) + "\n" for r in rows))
    with_spec = frames_file  # its spec has no search
    done = cli("eval", with_spec, data, "--metrics", "loss")
    assert (done.code, "frames have none of" in done.err) == (2, True)
    done = cli("eval", with_spec, data, "--set", "max_length=1")
    assert done.code == 2
    assert "the answer to row 1 has 1 frames, its reference 2" in done.err
    data.write_text('{"source": [[1]], "target": [[1, 2]]}\n')
    done = cli("eval", with_spec, data)
    assert (done.code, f"{data}:1: bad 'source'" in done.err) == (3, True)


def test_mistakes_in_the_command(cli: Cli, copying: Path, data: Path, tmp_path: Path) -> None:
    done = cli("eval", copying, data, "--metrics", "werr,mse")
    assert done.code == 2
    assert "metrics[0]: no kind of metric is called 'werr'" in done.err
    assert "did you mean wer?" in done.err
    done = cli("eval", copying, data, "--metrics", "mse")
    assert (done.code, "mse: no figure of this target" in done.err) == (2, True)
    done = cli("eval", copying, data, "--metrics", "perplexity")
    assert (done.code, "export --graph score" in done.err) == (2, True)
    done = cli("eval", copying, data, "--set", "beems=4")
    assert (done.code, "beems" in done.err) == (2, True)
    done = cli("eval", copying, data, "--set", "max_length=many")
    assert (done.code, "expected a number" in done.err) == (2, True)
    done = cli("eval", tmp_path, data)
    assert (done.code, "no best.safetensors" in done.err) == (2, True)
    assert cli("eval", tmp_path / "none.onnx", data).code == 4
    encoder = copying.with_name("encoder.onnx")
    copying.rename(encoder)
    encoder.write_bytes(b"no model")
    assert cli("eval", encoder, data).code == 4


def test_words_of_one_source_are_not_the_errors_of_words(
    cli: Cli, write_model: Any, data: Path
) -> None:
    from s2sgraph.text import Vocabulary, Words

    words = Vocabulary.of(Words(), [f"W{n}" for n in range(9)]).to_json()
    model = write_model(spec=SPEC, vocabularies={"source": words, "target": words})
    data.write_text("W1\tW1\nW2\tW3\n")
    done = cli("eval", model, data, "--metrics", "wer,per")
    assert "note: every source is one word" in done.err
    data.write_text("W1 W2\tW1 W2\n")
    assert cli("eval", model, data, "--metrics", "wer").err == ""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with weights as before training, and the data of its spec."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC)
    weights = compile(load(folder / "spec.yaml")).initial(4)
    save_file(weights, folder / "best.safetensors")
    return folder


def test_a_run_folder_and_its_file_have_equal_figures(
    cli: Cli, run: Path, data: Path, tmp_path: Path
) -> None:
    assert cli("export", run, "-o", tmp_path / "run.onnx").code == 0
    metrics = "sequence_accuracy,token_accuracy,wer,cer,per,bleu,chrf"
    found = []
    for model, output in ((run, "torch.txt"), (tmp_path / "run.onnx", "file.txt")):
        words = ("--metrics", metrics, "--json", "-o", tmp_path / output)
        done = cli("eval", model, data, *words)
        assert done.code == 0, done.err
        found.append(json.loads(done.out))
    assert found[0]["figures"] == found[1]["figures"]
    assert [form["engine"] for form in found] == ["torch", "onnxruntime"]
    assert (tmp_path / "torch.txt").read_text() == (tmp_path / "file.txt").read_text()


def test_likelihoods_of_a_run_and_of_a_score_file(
    cli: Cli, run: Path, data: Path, tmp_path: Path
) -> None:
    scorer = tmp_path / "score.onnx"
    assert cli("export", run, "-o", scorer, "--graph", "score").code == 0
    found = []
    for model in (run, scorer):
        done = cli("eval", model, data, "--metrics", "loss,perplexity", "--json")
        assert done.code == 0, done.err
        found.append(json.loads(done.out)["figures"])
    for name in ("loss", "perplexity"):
        assert found[0][name]["value"] == pytest.approx(found[1][name]["value"], rel=1e-5)
        assert found[0][name]["counted"] == "14 places"  # of four targets, ends counted
    assert found[0]["perplexity"]["value"] == pytest.approx(math.exp(found[0]["loss"]["value"]))
    done = cli("eval", scorer, data)
    assert [line.split()[0] for line in done.out.splitlines()[-2:]] == ["loss", "perplexity"]
    assert f"{scorer}: scored by onnxruntime" in done.out
    done = cli("eval", scorer, data, "--metrics", "cer")
    assert (done.code, "evaluate a decode file" in done.err) == (2, True)
    assert cli("eval", scorer, data, "-o", tmp_path / "answers").code == 2
    encoder = tmp_path / "encode.onnx"
    assert cli("export", run, "-o", encoder, "--graph", "encode").code == 0
    assert cli("eval", encoder, data).code == 2


def test_the_loss_is_that_of_the_logits(cli: Cli, run: Path, data: Path) -> None:
    model = compile(load(run / "spec.yaml"))
    module = model.to_torch(weights=run / "best.safetensors").eval()
    total = count = 0.0
    for line in data.read_text().splitlines():
        source, target = line.split("\t")
        ids = torch.tensor([[*model.vocabularies["target"].encode(target), model.spec.special.eos]])
        words = torch.tensor([model.vocabularies["source"].encode(source)])
        logits = module(words, torch.tensor([words.shape[1]]), ids)
        total += torch.nn.functional.cross_entropy(logits[0], ids[0], reduction="sum").item()
        count += ids.shape[1]
    done = cli("eval", run, data, "--metrics", "loss", "--json")
    found = json.loads(done.out)["figures"]["loss"]["value"]
    assert found == pytest.approx(total / count, rel=1e-5)


def test_a_file_needs_no_torch(copying: Path, data: Path) -> None:
    code = (
        "import sys\n"
        "from s2sgraph.cli.main import main\n"
        f"try: main(['eval', {str(copying)!r}, {str(data)!r}, '--metrics', 'per,cer'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'onnx', 'sacrebleu'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "cer" in done.stdout


def test_a_run_folder_without_torch(
    cli: Cli, run: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s2sgraph.cli.eval.find_spec", lambda name: None)
    done = cli("eval", run, data)
    assert (done.code, "a run folder needs torch" in done.err) == (2, True)
    assert importlib.util.find_spec("torch")
