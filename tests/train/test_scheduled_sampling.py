"""Scheduled sampling: which places are drawn, what is read there, and what is learned from it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from s2sgraph.model import Model, compile
from s2sgraph.spec import loads
from s2sgraph.train import train
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.corpora import corpus
from s2sgraph.train.examples import encode
from s2sgraph.train.loss import loss_of
from s2sgraph.train.processes import Processes
from s2sgraph.train.scheduled_sampling import Draws, Sampling

Spec = Any
HALF = {"kind": "linear", "steps": 1, "least": 0.5}
"""Half of the places from the second update on."""
ALL = {"kind": "linear", "steps": 1}
EVERY = slice(None)
LENGTHS = np.array([7, 3, 5, 1])


def sampling(given: Any, **settings: Any) -> Sampling:
    model = compile(given)
    found = model.spec.set({"train.scheduled_sampling": settings}).train.scheduled_sampling
    return Sampling(model, found)


def closed(spec: Spec, text: str = "", **changes: Any) -> Any:
    sides = {f"{side}.symbols": [*"abcd"] for side in ("source", "target")}
    return spec(text).set(sides | changes) if text else spec().set(sides | changes)


FRAMES = """
source: {features: 2}
target: {features: 2, normalize: {mean: [1, 2], standard: [3, 4]}}
encoder: [gru: 4]
decoder: [gru: {size: 4, start: encoder.final}, output: {kind: gaussian}]
"""


# -- what is drawn ------------------------------------------------------------------------


def test_the_truth_is_read_before_it_begins(spec: Spec) -> None:
    draw = sampling(closed(spec), **ALL, after=9)
    assert draw.draws(10, 0, LENGTHS, EVERY) is None
    assert draw.draws(11, 0, LENGTHS, EVERY) is not None


def test_as_many_are_predicted_as_the_chance_says(spec: Spec) -> None:
    lengths = np.full(100, 100)
    draw = sampling(closed(spec), kind="exponential", base=0.7)
    for step in (2, 4, 8):
        found = draw.draws(step, 0, lengths, EVERY)
        assert found is not None
        assert found.predicted.double().mean().item() == pytest.approx(
            1 - 0.7 ** (step - 1), abs=0.02
        )


def test_padding_is_not_predicted(spec: Spec) -> None:
    found = sampling(closed(spec), **ALL).draws(2, 0, LENGTHS, EVERY)
    assert found is not None
    assert found.predicted.sum(1).tolist() == LENGTHS.tolist()


@pytest.mark.parametrize("predictions", ["argmax", "sample"])
@pytest.mark.parametrize("text", ["tokens", FRAMES])
def test_draws_are_of_update_batch_and_row(spec: Spec, predictions: str, text: str) -> None:
    given = closed(spec) if text == "tokens" else loads(text)
    draw = sampling(given, **HALF, predictions=predictions)
    torch.manual_seed(1)
    whole = draw.draws(5, 1, LENGTHS, EVERY)
    torch.manual_seed(2)  # no generator that others use has a part in it
    parts = [draw.draws(5, 1, LENGTHS, slice(rank, None, 3)) for rank in range(3)]
    assert whole is not None
    for rank, part in enumerate(parts):
        assert part is not None
        assert part.predicted.equal(whole.predicted[rank::3])
        assert (part.noise is None) == (whole.noise is None) == (predictions == "argmax")
        if part.noise is not None and whole.noise is not None:
            assert part.noise.equal(whole.noise[rank::3])
    for step, number in ((6, 1), (5, 0)):
        other = draw.draws(step, number, LENGTHS, EVERY)
        assert other is not None
        assert not other.predicted.equal(whole.predicted)


# -- what is read -------------------------------------------------------------------------


def test_the_most_likely_symbol_that_a_decoder_reads() -> None:
    """Padding, start and end symbol are never read after a step, however likely they are."""
    logits = torch.tensor([[[9.0, 8, 7, 0, 2, 1], [0, 0, 0, 5, 2, 1], [0, 0, 0, 0, 1, 2]]])
    predicted = torch.tensor([[True, True, False, True]])
    found = Draws(predicted, None, (0, 1, 2))({"logits": logits}, torch.tensor([[5, 5, 5]]))
    assert found.tolist() == [[4, 3, 5]]


def test_symbols_are_drawn_by_their_chance() -> None:
    count = 2000
    logits = torch.tensor([3.0, 0.5, 2, 0, 1, -torch.inf]).expand(1, count, 6)
    noise = ((torch.arange(count) + 0.5) / count)[None]
    draws = Draws(torch.ones(1, count, dtype=torch.bool), noise, (0, 2))
    found = draws({"logits": logits}, torch.zeros(1, count, dtype=torch.int64))
    shares = np.bincount(found[0], minlength=6) / count
    chances = np.exp([0.5, 0, 1]) / np.exp([0.5, 0, 1]).sum()
    np.testing.assert_allclose(shares, [0, chances[0], 0, chances[1], chances[2], 0], atol=1e-3)


def test_noise_that_rounds_to_the_very_end_draws_a_symbol() -> None:
    logits = torch.tensor([[[0.0, 1.0, -torch.inf]]])
    draws = Draws(torch.tensor([[True]]), torch.tensor([[1.0]]), (0,))
    assert draws({"logits": logits}, torch.tensor([[0]])).tolist() == [[1]]


def test_frames() -> None:
    outputs = {"frames": torch.tensor([[[1.0], [2.0]]]), "deviations": torch.tensor([[[3.0]] * 2])}
    predicted, target = torch.tensor([[True, False]]), torch.tensor([[[8.0], [9.0]]])
    assert Draws(predicted, None, ())(outputs, target).tolist() == [[[1], [9]]]
    noise = torch.tensor([[[0.5], [0.5]]])
    assert Draws(predicted, noise, ())(outputs, target).tolist() == [[[2.5], [9]]]


# -- the second pass ----------------------------------------------------------------------

FEEDING = """
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, gru: 4]
decoder:
  - embedding: 4
  - attention: {name: context, query: prev.state, score: dot}
  - gru: {name: state, from: [embedding, context], size: 4, start: encoder.final}
  - output
data: {train: train.tsv}
"""
TRANSFORMER = """
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, positions: sinusoidal, self_attention: {heads: 2}]
decoder:
  - embedding: 4
  - positions: sinusoidal
  - self_attention: {heads: 2, residual: pre}
  - attention: {score: scaled_dot, heads: 2, residual: pre}
  - output
data: {train: train.tsv}
"""


def batch_loss(given: Any) -> tuple[Model, BatchLoss]:
    model, files = compile(given), corpus(given, "train")
    assert files is not None
    return model, BatchLoss(model, encode(model, files), loss_of(model), Processes())


@pytest.mark.parametrize("text", [FEEDING, TRANSFORMER])
def test_loss_and_gradients_are_those_of_two_passes(spec: Spec, text: str) -> None:
    """By hand: one pass on the truth, another on what was read; the first has no gradient."""
    given = closed(spec, text)
    model, loss = batch_loss(given)
    rows = np.arange(6)
    draws = sampling(given, **HALF).draws(2, 0, loss.lengths[rows], EVERY)
    assert draws is not None
    assert 0 < draws.predicted.sum() < 24
    module = model.to_torch(0)
    found = loss(module, rows, draws)
    found.objective.backward()

    hand = model.to_torch(0)
    batch = loss.feed([loss.examples.rows[row] for row in rows])
    source, length, target = batch.inputs
    logits = hand(source, length, target).detach()
    logits[:, :, :3] = -torch.inf
    read = target.clone()
    for place in draws.predicted.nonzero().tolist():
        read[tuple(place)] = logits[tuple(place)].argmax()
    assert not read.equal(target)
    expected = F.cross_entropy(hand(source, length, read).flatten(0, 1), target.flatten(),
                               reduction="sum")  # fmt: skip
    expected.backward()
    assert found.objective.item() == pytest.approx(expected.item(), rel=1e-5)
    by_hand = dict(hand.named_parameters())
    for name, weight in module.named_parameters():
        assert weight.grad is not None
        gradient = by_hand[name].grad.numpy()
        np.testing.assert_allclose(weight.grad.numpy(), gradient, rtol=1e-4, atol=1e-6)


def logged(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines]


def test_a_decoder_that_reads_itself_learns_from_the_source(spec: Spec, tmp_path: Path) -> None:
    settings = {"train.log_every": 10, "train.evaluate.sentences": 0}
    given = spec().set({**settings, "train.scheduled_sampling": ALL | {"predictions": "sample"}})
    train(given, tmp_path / "run")
    train(spec().set(settings), tmp_path / "truth")
    own, truth = logged(tmp_path / "run"), logged(tmp_path / "truth")
    assert own[-1] < 0.7 * own[0]
    assert own[1] > truth[1]  # it is harder


FORECASTING = """
source: {features: 1}
target: {features: 1}
encoder: [gru: 4]
decoder: [gru: {size: 4, start: encoder.final}, output: {kind: gaussian}]
data: {train: train.jsonl}
train: {batch_size: 4, steps: 12, log_every: 4, optimizer: {kind: adam, rate: 3e-2}}
"""


@pytest.mark.parametrize("predictions", ["argmax", "sample"])
def test_frames_of_its_own(spec: Spec, tmp_path: Path, predictions: str) -> None:
    rows = [{"source": [[n], [n + 1]], "target": [[n + 2], [n + 3]]} for n in range(12)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = spec(FORECASTING, train__scheduled_sampling=ALL | {"predictions": predictions})
    train(given, tmp_path / "run")
    losses = logged(tmp_path / "run")
    assert losses[-1] < losses[0]
    assert np.isfinite(losses).all()


COPYING = """
source: {tokens: words, size: 6}
target: {tokens: words, vocabulary: shared}
encoder: [embedding: 8, gru: 8]
decoder:
  - embedding: 8
  - gru: {name: state, size: 8, start: encoder.final}
  - attention: {name: context, query: state, score: dot}
  - output: {from: [state, context], copy: context, gate: [context, state]}
data: {train: train.tsv}
train: {batch_size: 8, steps: 60, log_every: 20, optimizer: {kind: adam, rate: 3e-2}}
"""


def test_words_that_no_vocabulary_has_are_read_too(spec: Spec, tmp_path: Path) -> None:
    """A model that copies predicts words of the source's own, and reads what stands for them."""
    given = spec(COPYING, train__scheduled_sampling=ALL | {"predictions": "sample"})
    given = given.set({"train.coverage_loss": {}})
    rows = [f"x{n} y{n}\ty{n} x{n}\n" for n in range(32)]
    (tmp_path / "train.tsv").write_text("".join(rows))
    train(given, tmp_path / "run")
    losses = logged(tmp_path / "run")
    assert losses[-1] < 0.7 * losses[0]
