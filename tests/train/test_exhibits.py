"""What people look at in a run folder: texts, curves, attention and the model card."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2sgraph.data import Row
from s2sgraph.evaluating import Evaluation, Question, evaluate
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.measuring import default_metrics
from s2sgraph.model import compile
from s2sgraph.runtime import Hypothesis, Result
from s2sgraph.spec import load, loads
from s2sgraph.train import train
from s2sgraph.train.attention_pictures import attention_layers, draw_attentions
from s2sgraph.train.evaluating import ModuleEngine
from s2sgraph.train.validations import LONGEST, validation_text

Spec = Any
PLAIN = """
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, gru: 8]
decoder: [embedding: 4, gru: {size: 8, start: encoder.final}, output]
"""
PICTURES = {"train.evaluate.pictures": True, "train.steps": 4, "train.validate_every": 2}

ATTENTION = """
name: attending
description: Copies, and looks at what it copies.
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, gru: 8]
decoder:
  - embedding: 4
  - attention: {name: context, query: prev.state, score: additive}
  - gru: {name: state, from: [embedding, context], size: 8, start: encoder.final}
  - repeat: 2
    layers:
      - attention: {name: again, score: scaled_dot, heads: 2, residual: pre}
      - feed_forward: 8
  - output
data: {train: train.tsv, dev: dev.tsv}
train: {batch_size: 8, steps: 4, validate_every: 2, evaluate: {shown: 2, metrics: [wer, cer]}}
"""


# ------------------------------------------------------------------ texts


def test_the_text_of_a_validation(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(train__evaluate={"shown": 3, "pictures": False}), tmp_path / "run")
    text = (run.folder / "validations" / "40.txt").read_text()
    head, *sentences = text.rstrip("\n").split("\n\n")
    step, *figures = head.splitlines()
    assert step == "step 40"
    assert [line.partition(":")[0] for line in figures] == ["sequence_accuracy", "cer", "loss"]
    assert len(sentences) == 3
    for sentence in sentences:
        assert re.fullmatch(r"source: (\w+)\nreference: \1\nanswer: \w*", sentence)
    logged = json.loads(run.log.read_text().splitlines()[-1])
    share = re.search(r"cer: ([\d.]+)%", head)
    assert share
    assert float(share[1]) / 100 == pytest.approx(logged["dev_cer"], abs=5e-5)


def test_a_text_shows_every_input_and_reference() -> None:
    question = Question({"source": np.array([[0.12345, 2]]), "steps": 2}, ("a b", "c\nd"), (0, 1))
    answer = Result((Hypothesis((4, 5), "x" * (LONGEST + 1), -1.0),))
    figures = {"cer": Figure(0.5, "50.00%", "1 edits in 2 characters")}
    found = Evaluation((question,), (answer,), figures, 1.0)
    assert validation_text(7, found, shown=5).splitlines() == [
        "step 7",
        "cer: 50.00% (1 edits in 2 characters)",
        "",
        "source: [[0.1234, 2.0]]",
        "steps: 2",
        "reference: a b",
        "reference: c d",
        f"answer: {'x' * LONGEST} …",
    ]
    frames = Result((Hypothesis((), None, float("nan"), {"frames": np.ones((1, 2))}),))
    numbers = Question({"source": np.array([3, 4])}, (np.zeros((1, 2)),), (0,))
    text = validation_text(1, Evaluation((numbers,), (frames,), {}, 1.0), shown=1)
    assert text.splitlines()[2:] == [
        "source: [3, 4]",
        "reference: [[0.0, 0.0]]",
        "answer: [[1.0, 1.0]]",
    ]
    assert validation_text(1, found, shown=0).count("\n") == 2


# ------------------------------------------------------------------ attention


def symbols(text: str) -> Any:
    closed = {"source.symbols": list("abcd"), "target.symbols": list("abcd")}
    return compile(loads(text).set(closed))


def test_the_attention_of_every_layer_can_be_asked_for() -> None:
    model = symbols(ATTENTION)
    layers = attention_layers(model)
    assert layers == {
        "context": "context.weights",
        "block[0].again": "block[0].again.weights",
        "block[1].again": "block[1].again.weights",
    }
    outputs = [*layers.values()]
    session = ModuleEngine(model, model.initial(), outputs).session
    rows: list[Row] = [{"source": "abc", "target": "abc"}]
    found = evaluate(session, rows, default_metrics("characters"))
    for name in outputs:
        weights = found.answers[0].best.extras[name]
        assert weights.shape == (len(found.answers[0].tokens), 3)
        assert np.allclose(weights.sum(1), 1, atol=1e-5)


def test_attention_is_drawn_for_each_question(tmp_path: Path) -> None:
    model = symbols(ATTENTION)
    asked = [Question({"source": text}, ("a",), (0,)) for text in ("abc", "d$")]
    written = draw_attentions(model, model.initial(), asked, tmp_path / "attention")
    assert [path.name for path in written] == ["001.png", "002.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    assert draw_attentions(model, model.initial(), [], tmp_path / "none") == []
    none = symbols(PLAIN)
    assert draw_attentions(none, none.initial(), asked, tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


# ------------------------------------------------------------------ the whole folder


def test_a_run_leaves_its_exhibits(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(ATTENTION), tmp_path / "run")
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*.*")}
    assert {
        "curves.png", "attention/001.png", "attention/002.png", "validations/2.txt",
        "validations/4.txt", "README.md",
    } <= names  # fmt: skip
    assert not [name for name in names if name.endswith(".tmp")]


def test_the_card(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(ATTENTION), tmp_path / "run")
    text = (run.folder / "README.md").read_text()
    assert text.startswith("# attending\n\nCopies, and looks at what it copies.\n")
    model = compile(load(run.spec))
    assert f"{model.parameters:,} parameters. Training took 4 steps and" in text
    assert f"The best weights, by loss, are those of step {run.best_step}." in text
    logged = [json.loads(line) for line in run.log.read_text().splitlines()]
    best = next(line for line in logged if line["step"] == run.best_step)
    for name in ("loss", "wer", "cer"):
        assert f"| {name} | {best[f'dev_{name}']:.4g} |" in text
    for name in ("train", "dev"):
        digest = hashlib.sha256((tmp_path / f"{name}.tsv").read_bytes()).hexdigest()
        assert f"| {name} | ../{name}.tsv | `{digest}` |" in text
    assert "Rows that were used: train 48, dev 16." in text
    assert "![curves](curves.png)\n![001](attention/001.png)" in text
    assert str(tmp_path) not in text
    assert re.search(r"torch \d", text)
    assert model.show().rstrip() in text


def test_the_card_s_command_gives_the_card_s_figures(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from shlex import split

    from s2sgraph.cli.main import app

    metrics = ["wer", {"kind": "bleu", "tokenize": "char", "name": "by_character"}]
    given = spec(ATTENTION).set({"train.evaluate.metrics": metrics, "train.best_by": "wer"})
    run = train(given, tmp_path / "run")
    text = (run.folder / "README.md").read_text()
    [command] = re.findall(r"```\ns2sgraph (eval .*)\n```", text)
    monkeypatch.chdir(run.folder)
    app([*split(command), "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)["figures"]
    assert list(found) == ["wer", "by_character"]
    for name, figure in found.items():
        assert f"| {name} | {figure['value']:.4g} |" in text
    assert "The best weights, by wer, are those of step" in text
    manifest = json.loads(run.manifest.read_text())
    assert manifest["best"]["dev_wer"] == run.best_value == found["wer"]["value"]
    assert run.best_loss is None


def test_the_best_is_kept_by_a_figure_that_rises(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(train__best_by="sequence_accuracy", train__validate_every=5), tmp_path / "run")
    logged = [json.loads(line) for line in run.log.read_text().splitlines()]
    found = {line["step"]: line["dev_sequence_accuracy"] for line in logged}
    assert max(found.values()) > min(found.values())
    first = min(step for step, value in found.items() if value == max(found.values()))
    assert (run.best_step, run.best_by) == (first, "sequence_accuracy")
    assert run.best_value == pytest.approx(max(found.values()), rel=1e-5)


def test_without_development_data_there_is_a_card(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(data__dev=None).set(PICTURES), tmp_path / "run")
    text = (run.folder / "README.md").read_text()
    assert "There were no development data to measure it on." in text
    assert (run.folder / "curves.png").exists()
    assert not (run.folder / "validations").exists()


def test_nothing_is_decoded_if_nobody_wants_it(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(train__steps=4, train__evaluate={"sentences": 0}), tmp_path / "run")
    [line] = [json.loads(line) for line in run.log.read_text().splitlines()]
    assert [name for name in line if name.startswith("dev_")] == ["dev_loss"]
    assert "s2sgraph eval . ../dev.tsv\n" in (run.folder / "README.md").read_text()


def test_without_matplotlib_a_word_is_said(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s2sgraph.train.exhibits.can_draw", lambda: False)
    told: list[str] = []
    run = train(spec(ATTENTION), tmp_path / "run", tell=told.append)
    assert told == ["pictures need matplotlib: pip install 's2sgraph[plot]'"]
    assert not (run.folder / "curves.png").exists()
    assert not (run.folder / "attention").exists()
    assert "## Pictures" not in (run.folder / "README.md").read_text()


def test_a_folder_that_cannot_take_the_card_keeps_the_run(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("s2sgraph.train.exhibits.card", full)
    told: list[str] = []
    run = train(spec(train__steps=2), tmp_path / "run", tell=told.append)
    assert told == ["curves and model card cannot be written: No space left on device"]
    assert run.ended == "steps"
    assert json.loads(run.manifest.read_text())["ended"] == "steps"


def test_a_run_that_begins_anew_leaves_nothing_of_the_old(spec: Spec, tmp_path: Path) -> None:
    train(spec(ATTENTION), tmp_path / "run")
    train(spec(train__steps=3), tmp_path / "run", overwrite=True)
    folder = tmp_path / "run"
    assert {path.name for path in (folder / "validations").iterdir()} == {"3.txt"}
    assert not (folder / "curves.png").exists()
    assert not (folder / "attention").exists()


def test_a_readme_of_somebody_else_stays(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "README.md").write_text("mine")
    with pytest.raises(Exception, match=r"holds a README.md, which the run's would replace"):
        train(spec(), tmp_path / "run")
    assert (tmp_path / "run" / "README.md").read_text() == "mine"
