"""Losses of attention against sums by hand, and what training with them does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from s2sgraph.model import Model, compile
from s2sgraph.spec import loads
from s2sgraph.train import Run, train
from s2sgraph.train.attention_losses import Alignment, Coverage, attention_losses
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.corpora import corpus
from s2sgraph.train.examples import encode
from s2sgraph.train.feeding import Batch, Links
from s2sgraph.train.loss import loss_of
from s2sgraph.train.processes import Processes

Spec = Any

ATTENDING = """
name: attending
source: {tokens: characters}
target: {tokens: characters}
encoder:
  - embedding: 8
  - gru: 16
decoder:
  - embedding: 8
  - gru: {size: 16, start: encoder.final}
  - attention: {name: context, query: gru, score: general}
  - dense: {name: readout, from: [gru, context], size: 16}
  - output
data: {train: {file: train.tsv, alignments: train.align}, dev: dev.tsv}
train:
  optimizer: {kind: adam, rate: 1e-2}
  batch_size: 8
  steps: 40
  validate_every: 20
  log_every: 10
  evaluate: {pictures: false, sentences: 0}
"""
HEADS = ATTENDING.replace("score: general", "score: scaled_dot, heads: 2")
REVERSED = "0-2 1-1 2-0\n" * 48


@pytest.fixture(autouse=True)
def alignments(tmp_path: Path) -> None:
    (tmp_path / "train.align").write_text(REVERSED)


def of(model: Model, weights: torch.Tensor, lengths: list[int], links: Links | None = None) -> Any:
    """The losses of a model for the weights of its attention."""
    batch = Batch((), torch.empty(0), torch.tensor(lengths), links)
    found = attention_losses(model)
    return [loss({loss.output: weights}, batch) for loss in found]


def attending(text: str = ATTENDING, **settings: Any) -> Model:
    closed = {"source.symbols": [*"abcd"], "target.symbols": [*"abcd"]}
    return compile(loads(text).set(closed | {f"train.{k}": v for k, v in settings.items()}))


def random_weights(*shape: int) -> torch.Tensor:
    scores = torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return scores.softmax(-1).requires_grad_()


def by_differences(function: Any, x: torch.Tensor) -> np.ndarray:
    """The gradient of a function of an array, by central differences."""
    values = x.detach().numpy().copy()
    found = np.zeros_like(values)
    for place in np.ndindex(*values.shape):
        around = []
        for change in (1e-6, -1e-6):
            moved = values.copy()
            moved[place] += change
            around.append(function(moved))
        found[place] = (around[0] - around[1]) / 2e-6
    return found


# -- against sums by hand ---------------------------------------------------------------


def coverage_by_hand(weights: np.ndarray, lengths: list[int]) -> float:
    """See, Liu and Manning 2017, eq. 13, place by place."""
    found = 0.0
    for row, length in zip(weights, lengths, strict=True):
        seen = np.zeros(row.shape[1])
        for step in row[:length]:
            found += sum(min(a, c) for a, c in zip(step, seen, strict=True))
            seen += step
    return found


def test_coverage() -> None:
    lengths, weights = [4, 2], random_weights(2, 4, 3)
    (found,) = of(attending(coverage_loss={}), weights, lengths)
    found.backward()
    hand = coverage_by_hand(weights.detach().numpy(), lengths)
    assert hand > 0.5
    assert found.item() == pytest.approx(hand, rel=1e-12)
    gradient = by_differences(lambda w: coverage_by_hand(w, lengths), weights)
    assert weights.grad is not None
    np.testing.assert_allclose(weights.grad.numpy(), gradient, atol=1e-8)
    assert not weights.grad[1, 2:].any()


def test_attention_that_goes_on_has_no_coverage_loss() -> None:
    eye, same = torch.eye(3)[None], torch.eye(3)[:1].expand(1, 3, 3)
    model = attending(coverage_loss={})
    assert of(model, eye, [3])[0].item() == 0
    assert of(model, same, [3])[0].item() == 2


LINKS = {(0, 0): [1], (0, 2): [0, 2], (1, 1): [2]}
"""The places of the source of some places of the target, by row and place."""


def alignment_by_hand(weights: np.ndarray) -> float:
    """Minus the logarithms of the weights that should be 1, or all alike."""
    each = (-np.log(weights[cell][places]).mean() for cell, places in LINKS.items())
    return float(sum(each))


@pytest.mark.parametrize("head", [None, 1])
def test_alignment(head: int | None) -> None:
    weights = random_weights(2, 3, 3)
    given = weights if head is None else torch.stack([weights.flip(2), weights], 2)
    places = [[row, place, j] for (row, place), found in LINKS.items() for j in found]
    links = Links(torch.tensor(places), torch.tensor([1, 0.5, 0.5, 1]))
    text, settings = (ATTENDING, {}) if head is None else (HEADS, {"head": head})
    model = attending(text, guided_alignment=settings)
    (found,) = of(model, given, [3, 3], links)
    found.backward()
    assert found.item() == pytest.approx(alignment_by_hand(weights.detach().numpy()), rel=1e-12)
    assert weights.grad is not None
    np.testing.assert_allclose(
        weights.grad.numpy(), by_differences(alignment_by_hand, weights), rtol=1e-6, atol=1e-8
    )


def test_a_place_that_attention_cannot_see_is_no_infinite_loss() -> None:
    weights = torch.tensor([[[1.0, 0.0]]], requires_grad=True)
    links = Links(torch.tensor([[0, 0, 1]]), torch.tensor([1.0]))
    (found,) = of(attending(guided_alignment={}), weights, [1], links)
    found.backward()
    assert torch.isfinite(found)
    assert weights.grad is not None
    assert torch.isfinite(weights.grad).all()


def test_the_losses_are_of_the_attention_that_is_named() -> None:
    text = HEADS.replace(
        "  - dense:", "  - attention: {name: second, query: context, score: dot}\n  - dense:"
    ).replace("[gru, context]", "[gru, second]")
    model = attending(
        text,
        coverage_loss={"attention": "context", "weight": 0.5},
        guided_alignment={"attention": "second"},
    )
    coverage, alignment = attention_losses(model)
    assert (type(coverage), coverage.output, coverage.weight) == (Coverage, "context.weights", 0.5)
    assert (type(alignment), alignment.output) == (Alignment, "second.weights")


# -- as a whole ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", [ATTENDING, HEADS])
def test_the_objective_is_their_weighted_sum(spec: Spec, text: str) -> None:
    """Of the weights that the module gives, against the sums by hand."""
    given = spec(text).set(
        {
            "source.symbols": [*"abcd"],
            "target.symbols": [*"abcd"],
            "train.coverage_loss": {"weight": 0.5},
            "train.guided_alignment": {"weight": 0.25},
        }
    )
    model = compile(given)
    files = corpus(given, "train")
    assert files is not None
    auxiliary = attention_losses(model)
    loss = BatchLoss(model, encode(model, files), loss_of(model), Processes(), auxiliary)
    module = model.to_torch(0, outputs=["context.weights"]).eval()
    rows = np.arange(5)
    batch = loss.feed([loss.examples.rows[row] for row in rows])
    weights = module(*batch.inputs)["context.weights"].detach().double().numpy()
    found = loss(module, rows)
    coverage = coverage_by_hand(weights, batch.lengths.tolist())
    alignment = -np.log([weights[:, t, 2 - t] for t in range(3)]).sum()
    assert found.places == 20
    assert found.auxiliary["coverage_loss"].item() == pytest.approx(coverage, rel=1e-5)
    assert found.auxiliary["alignment_loss"].item() == pytest.approx(alignment, rel=1e-5)
    whole = found.sum.item() + 0.5 * coverage + 0.25 * alignment
    assert found.objective.item() == pytest.approx(whole, rel=1e-5)


def logged(run: Run, name: str) -> list[float]:
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def test_training_with_coverage_loss_lowers_coverage(spec: Spec, tmp_path: Path) -> None:
    """One run makes it smaller, the other only measures it: its weight is as good as none."""
    settings = {"train.steps": 70, "train.optimizer.rate": 3e-2}
    found = {}
    for weight in (1e-12, 3.0):
        given = spec(ATTENDING).set({**settings, "train.coverage_loss": {"weight": weight}})
        found[weight] = logged(train(given, tmp_path / str(weight)), "coverage_loss")
    # Four places that look at three look twice at one of them, at least.
    least = 1 / 4
    assert found[1e-12][-1] > 1.1 * least
    assert found[3.0][-1] - least < 0.2 * (found[1e-12][-1] - least)
    assert found[3.0][0] > 2 * least


def attended(run: Run) -> np.ndarray:
    """Where each place of the target looks in the end, `[row, time]`, without the end symbol."""
    model = compile(loads(run.spec.read_text()).set({"data": {}, "train.guided_alignment": None}))
    module = model.to_torch(weights=run.last, outputs=["context.weights"]).eval()
    symbols = model.vocabularies["target"]
    ids = torch.tensor([symbols.encode(word) for word in ("abc", "dab", "ccd")])
    weights = module(ids, torch.tensor([3, 3, 3]), ids)["context.weights"]
    return weights.argmax(2).numpy()


def test_guided_attention_follows_alignments(spec: Spec, tmp_path: Path) -> None:
    """The task is to copy, so that attention would find the straight way: it is told another."""
    settings = {"train.optimizer.rate": 3e-2, "train.guided_alignment": {"weight": 1.0}}
    given = spec(ATTENDING).set(settings)
    run = train(given, tmp_path / "run")
    figures = logged(run, "alignment_loss")
    assert figures[-1] < 0.2 * figures[0]
    assert attended(run).tolist() == [[2, 1, 0]] * 3
    # The alignments are of training alone: the loss of the development data is what it was.
    assert len(logged(run, "dev_loss")) == 2


def test_losses_that_weigh_nothing_change_nothing(spec: Spec, tmp_path: Path) -> None:
    """The objective is that of a plain run when the others are too small to be seen in it."""
    plain = train(spec(ATTENDING, train__steps=5), tmp_path / "plain")
    settings = {"train__coverage_loss": {"weight": 1e-30}}
    other = train(spec(ATTENDING, train__steps=5, **settings), tmp_path / "other")
    weights = load_file(plain.last), load_file(other.last)
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], atol=1e-6)
