"""Means of weights against sums by hand."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from s2sgraph.spec.training import Ema, Newest
from s2sgraph.train.averaging import Averaging, averaging

VALUES = [1.0, 3.0, 4.0, 8.0]


def module() -> nn.Module:
    found = nn.Linear(1, 1, bias=False)
    move(found, VALUES[0])
    return found


def move(module: nn.Module, value: float) -> None:
    with torch.no_grad():
        module.get_parameter("weight").fill_(value)


def mean(average: Averaging) -> float:
    return average.module.get_parameter("weight").item()


def test_an_exponential_mean() -> None:
    source = module()
    average = averaging(Ema(decay=0.75), source)
    expected = VALUES[0]
    for value in VALUES:
        move(source, value)
        average.updated()
        expected = 0.75 * expected + 0.25 * value
        assert mean(average) == pytest.approx(expected)
    assert source.get_parameter("weight").item() == VALUES[-1]


def test_the_mean_of_the_newest_validations() -> None:
    source = module()
    average = averaging(Newest(count=2), source)
    found = []
    for value in VALUES:
        move(source, value)
        average.updated()
        found.append(mean(average))
        average.validated()
        assert mean(average) == found[-1]
    assert found == [1.0, 2.0, 3.5, 6.0]
    move(source, 10.0)
    assert mean(average) == 9.0  # of the weights as they are and the newest before


@pytest.mark.parametrize("kind", [Ema(decay=0.75), Newest(count=3)], ids=lambda kind: kind.word)
@pytest.mark.parametrize("cut", range(5))
def test_restored(kind: Any, cut: int) -> None:
    def follow(average: Callable[[], Averaging], source: nn.Module, values: list[float]) -> float:
        for value in values:
            move(source, value)
            average().updated()
            mean(average())
            average().validated()
        return mean(average())

    whole = module()
    average = averaging(kind, whole)
    expected = follow(lambda: average, whole, VALUES)
    source = module()
    first = averaging(kind, source)
    follow(lambda: first, source, VALUES[:cut])
    state = {name: tensor.clone() for name, tensor in first.state().items()}
    second = averaging(kind, source)
    second.restore(state)
    assert follow(lambda: second, source, VALUES[cut:]) == expected
