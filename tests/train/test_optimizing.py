"""Learning rates and optimizers, each kind of the spec."""

import pytest
import torch

from s2sgraph.spec import kinds
from s2sgraph.spec.training import AdamW, Constant, Cosine, InverseSquareRoot, Linear, Sgd
from s2sgraph.train.optimizing import optimizer, rate_at


def test_the_rate_rises_in_a_line() -> None:
    for kind in kinds("schedule").values():
        rates = [rate_at(kind(warmup=4), 8.0, step, 100) for step in range(1, 5)]
        assert rates == [2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize(
    ("schedule", "step", "rate"),
    [
        (Constant(), 77, 1.0),
        (InverseSquareRoot(warmup=25), 100, 0.5),
        (Cosine(warmup=0), 1, 1.0),
        (Cosine(warmup=0), 51, 0.5),
        (Linear(warmup=50), 76, 0.5),
    ],
)
def test_rates(schedule: object, step: int, rate: float) -> None:
    assert rate_at(schedule, 1.0, step, 100) == pytest.approx(rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", [Cosine(warmup=10), Linear(warmup=10)])
def test_the_rate_falls_to_nearly_nothing(schedule: object) -> None:
    rates = [rate_at(schedule, 1.0, step, 100) for step in range(10, 101)]  # type: ignore[arg-type]
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.02


def test_every_kind_has_an_optimizer() -> None:
    for kind in kinds("optimizer").values():
        weight = torch.nn.Parameter(torch.ones(1))
        made = optimizer(kind(rate=0.1), [weight])
        weight.square().sum().backward()
        made.step()
        assert weight.item() < 1


def test_settings_reach_the_optimizer() -> None:
    weights = [torch.nn.Parameter(torch.ones(1))]
    group = optimizer(
        AdamW(rate=0.5, betas=(0.8, 0.9), epsilon=1e-6, weight_decay=0.3), weights
    ).param_groups[0]
    assert (group["lr"], group["betas"]) == (0.5, (0.8, 0.9))
    assert (group["eps"], group["weight_decay"]) == (1e-6, 0.3)
    assert optimizer(Sgd(momentum=0.7), weights).param_groups[0]["momentum"] == 0.7
