"""Evaluating by torch: the same answers as a file's, and the sources of a validation."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from s2sgraph.data import Row
from s2sgraph.evaluating import evaluate, fields, likelihood_of, questions, target_kind
from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.measuring import check, default_metrics
from s2sgraph.metrics.samples import Likelihood
from s2sgraph.model import Model, compile
from s2sgraph.runtime import Session
from s2sgraph.spec import SpecError, loads
from s2sgraph.train.evaluating import Evaluator, ModuleEngine, chosen_metrics

CHARACTERS = """
source: {tokens: characters, symbols: [a, b, c, d]}
target: {tokens: characters, symbols: [a, b, c, d]}
encoder: [embedding: 8, gru: 16]
decoder:
  - embedding: 8
  - attention: {name: context, query: prev.state, score: additive}
  - gru: {name: state, from: [embedding, context], size: 16, start: encoder.final}
  - output
search: {max_length: 12}
"""
WORDS = """
source: {features: 3}
target: {tokens: words, symbols: [x, y, z]}
encoder: [gru: 8]
decoder: [embedding: 8, gru: {size: 8, start: encoder.final}, output]
search: {max_length: 6}
"""
TAGGER = """
source: {tokens: ids, size: 20}
target: {tokens: words, length: source, symbols: [N, V]}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {from: [embedding, encoder.here], size: 4}, output]
"""
FORECASTER = """
source: {features: 2, static: {features: 3}}
target: {features: 1, length: steps}
steps: {calendar: {features: 2}}
encoder: [gru: 8]
decoder:
  - gru: {name: state, from: [input, calendar], size: 8, start: encoder.final}
  - output
"""


def rows_of(model: Model, count: int = 40) -> list[Row]:
    """Rows at random, as a file would have them; some have one source."""
    random = np.random.default_rng(3)
    found: list[Row] = []
    length = model.spec.target.length
    kinds = fields(ModuleEngine(model).session.contract)
    for _ in range(count):
        width, after = random.integers(1, 5, 2).tolist()
        row: dict[str, Any] = {}
        for name, field in kinds.items():
            places = after if name in ("target", "calendar") and length != "source" else width
            if field.kind == "text":
                words = model.vocabularies[name].units_of(random.integers(4, 6, places))
                row[name] = model.vocabularies[name].units.join(words)
            elif field.kind == "ids":
                row[name] = random.integers(4, 20, places)
            elif field.kind == "values":
                row[name] = random.standard_normal(field.features).astype(np.float32)
            else:
                row[name] = random.standard_normal((places, field.features)).astype(np.float32)
        found.append(row)
    return found


@pytest.mark.parametrize(
    ("text", "kind"),
    [(CHARACTERS, "characters"), (WORDS, "words"), (TAGGER, "words"), (FORECASTER, "frames")],
)
def test_torch_and_onnxruntime_give_equal_figures(text: str, kind: str, tmp_path: Path) -> None:
    model = compile(loads(text))
    weights = model.initial(5)
    session = ModuleEngine(model, weights).session
    assert target_kind(session.contract) == kind
    file = Session(model.export(tmp_path / "model.onnx", weights))
    rows = rows_of(model)
    metrics = default_metrics(kind)
    check(metrics, kind)
    by_torch, by_file = evaluate(session, rows, metrics), evaluate(file, rows, metrics)
    assert [a.tokens for a in by_torch.answers] == [a.tokens for a in by_file.answers]
    for label, figure in by_torch.figures.items():
        exact = kind != "frames"
        assert by_file.figures[label].value == (
            figure.value if exact else pytest.approx(figure.value, rel=1e-4)
        )
        assert by_file.figures[label].counted == figure.counted


@pytest.mark.parametrize("text", [CHARACTERS, TAGGER])
def test_torch_and_onnxruntime_give_equal_likelihoods(text: str, tmp_path: Path) -> None:
    model = compile(loads(text))
    weights = model.initial(5)
    rows = rows_of(model)
    found = likelihood_of(ModuleEngine(model, weights, graph="score").session, rows)
    file = Session(model.export(tmp_path / "score.onnx", weights, graph="score"))
    expected = likelihood_of(file, rows)
    assert (found.loss, found.places) == (pytest.approx(expected.loss, rel=1e-5), expected.places)
    targets = [row["target"] for row in rows if isinstance(row["target"], str)]
    symbols = sum(len(model.vocabularies["target"].encode(target)) for target in targets)
    assert found.places == symbols + (len(rows) if text == CHARACTERS else 0)


def test_ids_end_as_lines_do() -> None:
    text = CHARACTERS.replace("target: {tokens: characters, symbols: [a, b, c, d]}",
                              "target: {tokens: ids, size: 9}")  # fmt: skip
    model = compile(loads(text))
    session = ModuleEngine(model, model.initial(), graph="score").session
    found = [
        likelihood_of(session, [{"source": "ab", "target": target}])
        for target in (np.array([5, 6]), "5 6")
    ]
    assert found[0] == found[1]
    assert found[0].places == 3


def test_frames_have_no_probability() -> None:
    model = compile(loads(FORECASTER))
    session = ModuleEngine(model, model.initial(), graph="score").session
    with pytest.raises(Exception, match="frames, which have no probability"):
        likelihood_of(session, rows_of(model, 2))


def test_rows_of_one_source_are_one_question() -> None:
    model = compile(loads(CHARACTERS))
    contract = ModuleEngine(model).session.contract
    rows: list[Row] = [{"source": s, "target": t} for s, t in ("ab", "cd", "ac", "ab")]
    first, second = questions(contract, rows)
    assert (first.item, first.references, first.rows) == (
        {"source": "a"}, ("b", "c", "b"), (0, 2, 3),
    )  # fmt: skip
    assert (second.item, second.rows) == ({"source": "c"}, (1,))
    frames = ModuleEngine(compile(loads(FORECASTER))).session.contract
    row = rows_of(compile(loads(FORECASTER)), 1)[0]
    assert [len(q.references) for q in questions(frames, [row, row])] == [1, 1]
    sounds = ModuleEngine(compile(loads(WORDS))).session.contract
    sound = np.ones((2, 3), np.float32)
    rows = [{"source": sound, "target": "x"}, {"source": sound.copy(), "target": "y"}]
    assert [len(q.references) for q in questions(sounds, rows)] == [2]


def test_answers_of_another_length_are_no_figures() -> None:
    model = compile(loads(FORECASTER))
    rows = rows_of(model, 30)
    long = sum(len(row["target"]) > 1 for row in rows)
    session = ModuleEngine(model, model.initial()).session
    with pytest.raises(MetricError) as caught:
        evaluate(session, rows, default_metrics("frames"), max_length=1)
    lines = str(caught.value).splitlines()
    assert "has 1 frames, its reference" in lines[0]
    assert lines[-2:] == [f"and {long - 10} more", "Is max_length large enough?"]


def likelihood() -> Likelihood:
    return Likelihood(4.0, 8)


def evaluator(model: Model, rows: list[Row] | None = None) -> Evaluator:
    return Evaluator(model, lambda: rows_of(model) if rows is None else rows)


def test_an_evaluator_takes_the_weights_it_is_given() -> None:
    model = compile(loads(CHARACTERS).set({"train.evaluate.metrics": ["cer", "perplexity"]}))
    judge = evaluator(model)
    for seed in (1, 2):
        weights = model.initial(seed)
        found = judge({path: torch.tensor(w) for path, w in weights.items()}, likelihood())
        expected = evaluate(
            ModuleEngine(model, weights).session, judge.rows, judge.metrics, likelihood=likelihood()
        )
        assert found.figures == expected.figures
        assert [a.text for a in found.answers] == [a.text for a in expected.answers]
    assert list(found.figures) == ["cer", "perplexity", "loss"]
    assert (found.figures["loss"].value, judge.best_by.label) == (0.5, "loss")


@pytest.mark.parametrize(("most", "expected"), [(4, [0, 2, 5, 7]), (10, [*range(10)]), (0, [])])
def test_sources_are_spread_over_the_data(most: int, expected: list[int]) -> None:
    model = compile(loads(CHARACTERS).set({"train.evaluate.sentences": most}))
    words = ["".join("abcd"[n // 4**place % 4] for place in range(2)) for n in range(10)]
    rows: list[Row] = [{"source": word, "target": word} for word in words for _ in range(2)]
    judge = evaluator(model, rows)
    assert [row["source"] for row in judge.rows] == [words[n] for n in expected for _ in range(2)]
    found = judge({path: torch.tensor(w) for path, w in model.initial().items()}, likelihood())
    assert len(found.answers) == len(expected)
    assert ("cer" in found.figures) == bool(expected)


def test_the_best_is_chosen_by_a_metric() -> None:
    def chosen(**settings: Any) -> tuple[list[str], str, bool]:
        spec = loads(CHARACTERS).set({"train": settings})
        metrics, best = chosen_metrics(spec)
        return [metric.label for metric in metrics], best.label, best.rises

    fitting = ["sequence_accuracy", "cer"]
    assert chosen() == ([*fitting, "loss"], "loss", False)
    assert chosen(best_by="bleu") == ([*fitting, "bleu"], "bleu", True)
    named = [{"kind": "bleu", "lowercase": True, "name": "lower"}, "wer"]
    assert chosen(best_by="lower", evaluate={"metrics": named}) == (["lower", "wer"], "lower", True)
    assert chosen(evaluate={"sentences": 0}) == (["loss"], "loss", False)
    only = {"sentences": 0, "metrics": ["wer", "perplexity"]}
    assert chosen(evaluate=only)[0] == ["perplexity", "loss"]


def test_a_metric_that_does_not_fit_is_a_mistake_of_the_spec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SpecError, match=r"train.evaluate: mse: no figure of this target"):
        chosen_metrics(loads(CHARACTERS).set({"train.evaluate.metrics": ["mse"]}))
    with pytest.raises(SpecError, match=r"train.evaluate: wer: no figure of this target"):
        chosen_metrics(loads(FORECASTER).set({"train.best_by": "wer"}))
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(SpecError, match="sacrebleu is not installed"):
        chosen_metrics(loads(CHARACTERS).set({"train.best_by": "bleu"}))


def test_figures_are_plain_values() -> None:
    model = compile(loads(CHARACTERS))
    found = evaluate(
        ModuleEngine(model, model.initial()).session, rows_of(model), default_metrics("subwords")
    )
    form = json.loads(json.dumps({name: f.to_json() for name, f in found.figures.items()}))
    assert form["bleu"]["signature"].startswith("nrefs:")
