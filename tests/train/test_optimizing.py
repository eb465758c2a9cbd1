"""Learning rates and optimizers, each kind of the spec."""

import pytest
import torch

from s2sgraph.spec import kinds
from s2sgraph.spec.training import (
    Adafactor,
    AdamW,
    Constant,
    Cosine,
    InverseSquareRoot,
    Linear,
    Plateau,
    Sgd,
)
from s2sgraph.train.optimizing import by_name, optimizer, rate_at, restore
from s2sgraph.train.processes import Processes

ALONE = Processes()


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
        made = optimizer(kind(rate=0.1), {weight: 0}, ALONE)
        weight.square().sum().backward()
        made.step()
        assert weight.item() < 1


def test_settings_reach_the_optimizer() -> None:
    weights = {torch.nn.Parameter(torch.ones(1)): 0}
    group = optimizer(
        AdamW(rate=0.5, betas=(0.8, 0.9), epsilon=1e-6, weight_decay=0.3), weights, ALONE
    ).param_groups[0]
    assert (group["lr"], group["betas"]) == (0.5, (0.8, 0.9))
    assert (group["eps"], group["weight_decay"]) == (1e-6, 0.3)
    assert optimizer(Sgd(momentum=0.7), weights, ALONE).param_groups[0]["momentum"] == 0.7
    factored = optimizer(Adafactor(decay=-0.5, limit=2.0), weights, ALONE).param_groups[0]
    assert (factored["beta2_decay"], factored["d"]) == (-0.5, 2.0)


def test_a_plateau_falls_as_often_as_it_is_told() -> None:
    schedule = Plateau(warmup=2, factor=0.1)
    rates = [rate_at(schedule, 1.0, 50, 100, falls) for falls in range(3)]
    assert rates == pytest.approx([1.0, 0.1, 0.01])
    assert rate_at(schedule, 1.0, 1, 100, falls=2) == 0.5  # not before the warmup is over


@pytest.mark.parametrize("word", kinds("optimizer"))
def test_an_optimizer_goes_on_by_names(word: str) -> None:
    def module() -> torch.nn.Module:
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))

    def trained(module: torch.nn.Module) -> dict[torch.nn.Parameter, int]:
        return {w: int(w.ndim == 2) for w in module.parameters() if w.requires_grad}

    def step(module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        module(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    settings = {"momentum": 0.9} if word == "sgd" else {}
    kind = kinds("optimizer")[word](rate=0.1, **settings)
    whole, other = module(), module()
    other.get_parameter("0.bias").requires_grad_(False)
    whole.get_parameter("0.bias").requires_grad_(False)
    first = optimizer(kind, trained(whole), ALONE)
    for _ in range(3):
        step(whole, first)
    kept = {name: tensor.clone() for name, tensor in by_name(whole, first).items()}
    assert {name.partition(":")[0] for name in kept} == {"0.weight", "1.weight", "1.bias"}
    other.load_state_dict(whole.state_dict())
    second = optimizer(kind, trained(other), ALONE)
    restore(other, second, kept)
    for _ in range(3):
        step(whole, first)
        step(other, second)
    for path, weight in whole.named_parameters():
        assert torch.equal(weight, other.get_parameter(path))
