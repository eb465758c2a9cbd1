"""Losses against sums by hand."""

import math

import numpy as np
import pytest
import torch

from s2sgraph.model import compile
from s2sgraph.spec import loads
from s2sgraph.train.cross_entropy import TargetDistribution, cross_entropy
from s2sgraph.train.loss import (
    AbsoluteError,
    CrossEntropy,
    Gaussian,
    SquaredError,
    loss_of,
)

LENGTHS = torch.tensor([2, 1])


def by_hand(logits: np.ndarray, target: np.ndarray, pad: int, eps: float) -> float:
    """The definition, symbol by symbol."""
    found = 0.0
    for row, truth in zip(logits.reshape(-1, logits.shape[-1]), target.ravel(), strict=True):
        if truth == pad:
            continue
        logarithms = row - math.log(sum(math.exp(v) for v in row))
        others = [v for v in range(len(row)) if v not in (pad, truth)]
        found -= (1 - eps) * logarithms[truth]
        found -= sum(eps / len(others) * logarithms[v] for v in others)
    return found


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("pad", [0, 3])
def test_cross_entropy(eps: float, pad: int) -> None:
    random = np.random.default_rng(0)
    logits = random.standard_normal((2, 3, 6))
    target = np.array([[1, 5, pad], [2, pad, pad]])
    total = CrossEntropy(pad, eps)(
        {"logits": torch.from_numpy(logits)}, torch.from_numpy(target), LENGTHS
    )
    assert total.places == 3
    assert total.sum.item() == pytest.approx(by_hand(logits, target, pad, eps), rel=1e-12)


@pytest.mark.parametrize("eps", [0.0, 0.2])
def test_words_beyond_the_vocabulary_have_no_share_of_the_smoothing(eps: float) -> None:
    """A truth in the vocabulary of 4, one beyond it, and a word that the row cannot have."""
    logits = torch.tensor([[[0.3, 1.0, -0.5, 0.2, 0.7, -1e9], [0.1, 0.4, 0.2, -0.3, 0.9, -1e9]]])
    found = CrossEntropy(0, eps, 4)({"logits": logits}, torch.tensor([[2, 4]]), torch.tensor([2]))
    logs = logits[0].double().log_softmax(-1)
    first = (1 - eps) * logs[0, 2] + eps / 2 * (logs[0, 1] + logs[0, 3])
    second = (1 - eps) * logs[1, 4] + eps / 3 * (logs[1, 1] + logs[1, 2] + logs[1, 3])
    assert found.sum.item() == pytest.approx(-(first + second).item(), rel=1e-5)


@pytest.mark.parametrize("chunk", [1, 12, 10**6])
@pytest.mark.parametrize("eps", [0.0, 0.3])
def test_the_gradient_of_cross_entropy_is_that_of_finite_differences(
    eps: float, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By places one at a time, two at a time and at once; with words beyond the vocabulary."""
    monkeypatch.setattr("s2sgraph.train.chunks.CHUNK", chunk)
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(7, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    for symbols in (6, 4, 2):
        wanted = TargetDistribution.of_truth(torch.tensor([1, 5, 0, 2, 4, 0, 1]), 0, eps, symbols)
        assert torch.autograd.gradcheck(lambda x: cross_entropy(x, wanted) ** 2, logits)  # noqa: B023
    assert cross_entropy(logits[:0], wanted[:0]) == 0


def test_cross_entropy_of_bfloat16_is_computed_in_float32() -> None:
    logits = torch.randn(5, 9, generator=torch.Generator().manual_seed(2)).bfloat16()
    reduced, exact = logits.clone().requires_grad_(), logits.float().requires_grad_()
    totals = [
        cross_entropy(x, TargetDistribution.of_truth(torch.arange(5), 0, 0.1, 9))
        for x in (reduced, exact)
    ]
    assert totals[0].dtype == torch.float32
    assert totals[0] == totals[1]
    gradients = [
        torch.autograd.grad(t, x)[0] for t, x in zip(totals, (reduced, exact), strict=True)
    ]
    assert torch.equal(gradients[0], gradients[1].bfloat16())


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_what_is_not_finite_at_padding_stays_there(eps: float) -> None:
    logits = torch.tensor([[1.0, 2, 3], [torch.nan] * 3, [torch.inf] * 3], requires_grad=True)
    loss = cross_entropy(logits, TargetDistribution.of_truth(torch.tensor([2, 0, 0]), 0, eps, 3))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_smoothing_is_least_at_the_wanted_distribution() -> None:
    eps, logits = 0.2, torch.zeros(1, 1, 5, requires_grad=True)
    wanted = torch.tensor([1e-9, 0.8, 0.2 / 3, 0.2 / 3, 0.2 / 3])
    with torch.no_grad():
        logits.copy_(wanted.log().expand(1, 1, 5))
    CrossEntropy(0, eps)({"logits": logits}, torch.tensor([[1]]), LENGTHS).sum.backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6


def test_padding_has_no_gradient() -> None:
    for eps in (0.0, 0.1):
        logits = torch.randn(1, 3, 5, requires_grad=True)
        CrossEntropy(0, eps)({"logits": logits}, torch.tensor([[2, 0, 0]]), LENGTHS).sum.backward()
        assert logits.grad is not None
        assert logits.grad[0, 0].abs().sum() > 0
        assert not logits.grad[0, 1:].any()


FRAMES = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [9e9, -9e9]]])
TARGET = torch.tensor([[[0.0, 2.0], [3.0, 2.0]], [[5.0, 3.0], [0.0, 0.0]]])


def test_errors_of_frames_without_padding() -> None:
    squared = SquaredError()({"frames": FRAMES}, TARGET, LENGTHS)
    assert (squared.sum.item(), squared.places) == ((1 + 4 + 9) / 2, 3)
    absolute = AbsoluteError()({"frames": FRAMES}, TARGET, LENGTHS)
    assert (absolute.sum.item(), absolute.places) == ((1 + 2 + 3) / 2, 3)


def test_errors_count_in_units_of_the_standard_deviation() -> None:
    squared = SquaredError((1.0, 2.0))({"frames": FRAMES}, TARGET, LENGTHS)
    assert squared.sum.item() == pytest.approx((1 + 4 / 4 + 9 / 4) / 2)


def test_gaussian_likelihood() -> None:
    deviations = torch.full_like(FRAMES, 2.0)
    outputs = {"frames": FRAMES, "deviations": deviations}
    found = Gaussian((1.0, 4.0))(outputs, TARGET, LENGTHS)
    places = [((1, 2.0), (0, 0.5)), ((0, 2.0), (0.5, 0.5)), ((0, 2.0), (0.75, 0.5))]
    expected = sum(
        ((error / deviation) ** 2 / 2 + math.log(deviation * math.sqrt(2 * math.pi))) / 2
        for place in places
        for error, deviation in place
    )
    assert found.sum.item() == pytest.approx(expected)


def test_a_deviation_of_zero_is_no_infinite_loss() -> None:
    outputs = {"frames": FRAMES, "deviations": torch.zeros_like(FRAMES)}
    assert torch.isfinite(Gaussian()(outputs, FRAMES, LENGTHS).sum)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("output", SquaredError),
        ("output: {loss: mae}", AbsoluteError),
        ("output: {kind: gaussian}", Gaussian),
    ],
)
def test_the_output_layer_says_which(output: str, kind: type) -> None:
    text = f"""
source: {{features: 1}}
target: {{features: 1}}
encoder: [gru: 2]
decoder:
  - gru: {{size: 2, start: encoder.final}}
  - {output}
"""
    assert type(loss_of(compile(loads(text)))) is kind
