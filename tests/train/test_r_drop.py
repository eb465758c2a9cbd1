"""R-Drop against the definition by hand, and what training with it does."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from attending import ATTENDING

from s2sgraph.model import Model, compile
from s2sgraph.train import train
from s2sgraph.train.attention_losses import attention_losses
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.corpora import corpus
from s2sgraph.train.examples import encode
from s2sgraph.train.loss import loss_of
from s2sgraph.train.processes import Processes
from s2sgraph.train.r_drop import RDrop, divergence
from s2sgraph.train.scheduled_sampling import Sampling

Spec = Any
ROWS = np.arange(6)


def random_logits(places: int, symbols: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(places, symbols, generator=generator, dtype=torch.float64)


# -- the divergence -----------------------------------------------------------------------


def by_hand(first: np.ndarray, second: np.ndarray, live: list[bool]) -> float:
    """The definition, symbol by symbol."""
    found = 0.0
    for x, y, counts in zip(first, second, live, strict=True):
        p, q = ([math.exp(v) / sum(map(math.exp, z)) for v in z] for z in (x.tolist(), y.tolist()))
        there = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        back = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
        found += counts * (there + back)
    return found


def test_divergence() -> None:
    first, second, live = random_logits(4, 5, 0), random_logits(4, 5, 1), [True, True, False, True]
    hand = by_hand(first.numpy(), second.numpy(), live)
    assert hand > 1
    assert divergence(first, second, torch.tensor(live)).item() == pytest.approx(hand, rel=1e-12)
    assert divergence(first, first + 7, torch.tensor(live)).item() == pytest.approx(0, abs=1e-12)
    assert divergence(first[:0], second[:0], torch.tensor(live[:0])) == 0


@pytest.mark.parametrize("chunk", [1, 12, 10**6])
def test_its_gradient_is_that_of_finite_differences(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By places one at a time, two at a time and at once."""
    monkeypatch.setattr("s2sgraph.train.chunks.CHUNK", chunk)
    logits = [random_logits(7, 6, seed).requires_grad_() for seed in (2, 3)]
    live = torch.tensor([True, False, True, True, True, False, True])
    assert torch.autograd.gradcheck(lambda x, y: divergence(x, y, live) ** 2, logits)


def test_logits_of_bfloat16_are_compared_in_float32() -> None:
    reduced = [random_logits(5, 9, seed).bfloat16().requires_grad_() for seed in (4, 5)]
    exact = [x.detach().float().requires_grad_() for x in reduced]
    live = torch.ones(5, dtype=torch.bool)
    found, expected = divergence(*reduced, live), divergence(*exact, live)
    assert found.dtype == torch.float32
    assert found.equal(expected)
    found.backward()
    expected.backward()
    for x, y in zip(reduced, exact, strict=True):
        assert x.grad is not None
        assert y.grad is not None
        assert x.grad.equal(y.grad.bfloat16())


# -- the loss of a batch ------------------------------------------------------------------


def dropping(spec: Spec, **changes: Any) -> Any:
    symbols = {f"{side}.symbols": [*"abcd"] for side in ("source", "target")}
    settings = {"encoder.embedding.dropout": 0.3, "train.label_smoothing": 0.1}
    return spec().set(symbols | settings | changes)


def batch_loss(given: Any, *auxiliary: Any) -> tuple[Model, BatchLoss]:
    model, files = compile(given), corpus(given, "train")
    assert files is not None
    loss = loss_of(model, given.train.label_smoothing)
    return model, BatchLoss(model, encode(model, files), loss, Processes(), auxiliary)


def test_the_objective_is_half_of_the_papers(spec: Spec) -> None:
    """Liang 2021, eq. 4, from the logits of both passes."""
    alpha = 3.0
    given = dropping(spec, **{"train.r_drop": alpha})
    model, loss = batch_loss(given, RDrop(alpha))
    module = model.to_torch(0).train()
    torch.manual_seed(0)
    found = loss(module, ROWS)
    found.objective.backward()

    hand = model.to_torch(0).train()
    batch = loss.feed([loss.examples.rows[row] for row in ROWS])
    torch.manual_seed(0)
    both = hand(*(torch.cat([value, value]) for value in batch.inputs)).log_softmax(2)
    first, second = both[:6], both[6:]
    assert not first.equal(second)
    # Symbol 0 is padding, which has no share of what is smoothed.
    truth = F.one_hot(batch.target, 8)
    wanted = 0.9 * truth + 0.1 / 6 * (1 - truth)
    wanted[:, :, 0] = 0
    cross = [-(wanted * logs).sum() for logs in (first, second)]
    there = F.kl_div(second, first, log_target=True, reduction="sum")
    back = F.kl_div(first, second, log_target=True, reduction="sum")
    paper = sum(cross) + alpha * (there + back) / 2
    (paper / 2).backward()
    assert found.objective.item() == pytest.approx(paper.item() / 2, rel=1e-5)
    assert found.sum.item() == pytest.approx(sum(cross).item() / 2, rel=1e-5)
    diverged = found.auxiliary["r_drop_loss"].item()
    assert diverged == pytest.approx((there + back).item() / 2, rel=1e-4)
    assert found.places == 24
    by_hand = dict(hand.named_parameters())
    for name, weight in module.named_parameters():
        assert weight.grad is not None
        np.testing.assert_allclose(
            weight.grad.numpy(), by_hand[name].grad.numpy(), rtol=1e-4, atol=1e-6
        )


EVERYTHING = {
    **ATTENDING,
    "train.scheduled_sampling": {"kind": "linear", "steps": 1, "least": 0.5},
    "train.r_drop": 2,
}


def test_without_dropout_all_losses_are_those_of_one_pass(spec: Spec, tmp_path: Path) -> None:
    """With the other losses, and on what was sampled: the same in the second pass."""
    lines = ("0-2 1-1 2-0\n", "0-0 0-1\n", "\n")
    (tmp_path / "train.align").write_text("".join(lines[n % 3] for n in range(48)))
    given = dropping(spec, **EVERYTHING)
    model = compile(given)
    attending = attention_losses(model)
    _, twice = batch_loss(given, *attending, RDrop(2))
    _, once = batch_loss(given, *attending)
    draws = Sampling(model, given.train.scheduled_sampling).draws(
        2, 0, once.lengths[ROWS], slice(None)
    )
    module = model.to_torch(0, outputs=[one.output for one in attending]).eval()
    found, expected = twice(module, ROWS, draws), once(module, ROWS, draws)
    assert found.auxiliary.pop("r_drop_loss").item() == pytest.approx(0, abs=1e-5)
    assert found.places == expected.places
    assert [*found.auxiliary] == [*expected.auxiliary] == ["coverage_loss", "alignment_loss"]
    for one, other in zip(
        (found.sum, found.objective, *found.auxiliary.values()),
        (expected.sum, expected.objective, *expected.auxiliary.values()),
        strict=True,
    ):
        assert one.item() == pytest.approx(other.item(), rel=1e-5)


# -- training -----------------------------------------------------------------------------


def logged(folder: Path, name: str) -> list[float]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def test_passes_come_to_agree(spec: Spec, tmp_path: Path) -> None:
    settings = {"encoder.embedding.dropout": 0.3, "train.evaluate.sentences": 0}
    given = spec().set(settings)
    ends = {}
    for alpha in (0.01, 5):
        folder = tmp_path / str(alpha)
        train(given.set({"train.r_drop": alpha, "train.log_every": 10}), folder)
        losses = logged(folder, "loss")
        assert losses[-1] < 0.7 * losses[0]
        assert len(logged(folder, "dev_loss")) == 2
        ends[alpha] = logged(folder, "r_drop_loss")[-1]
    assert 0 < ends[5] < 0.7 * ends[0.01]
