"""The chance of the truth over time, against the formulas of the paper."""

import math

import pytest

from s2sgraph.spec.kinds import choose
from s2sgraph.spec.scheduled_sampling import ScheduledSampling


def sampling(**settings: object) -> ScheduledSampling:
    found = choose("scheduled_sampling", settings)
    assert isinstance(found, ScheduledSampling)
    return found


def test_linear() -> None:
    """The formula max(least, k - c i), with k = 1 and c such that it is `least` after `steps`."""
    found = sampling(kind="linear", steps=10, least=0.2)
    for step in range(1, 25):
        assert found.truth(step) == pytest.approx(max(0.2, 1 - 0.08 * (step - 1)))


def test_exponential() -> None:
    found = sampling(kind="exponential", base=0.9, least=0.3)
    for step in range(1, 25):
        assert found.truth(step) == pytest.approx(max(0.3, 0.9 ** (step - 1)))


def test_inverse_sigmoid() -> None:
    found = sampling(kind="inverse_sigmoid", scale=8)
    for step in range(1, 60):
        assert found.truth(step) == pytest.approx(8 / (8 + math.exp((step - 1) / 8)))
    assert found.truth(1 + round(8 * math.log(8))) == pytest.approx(0.5, abs=0.02)
    assert found.truth(10**9) == pytest.approx(0)


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "linear", "steps": 10},
        {"kind": "exponential", "base": 0.9},
        {"kind": "inverse_sigmoid", "scale": 8},
    ],
)
def test_it_may_begin_later(settings: dict[str, object]) -> None:
    now, later = sampling(**settings), sampling(**settings, after=100)
    assert {later.truth(step) for step in range(1, 102)} == {now.truth(1)}
    assert [later.truth(100 + step) for step in range(1, 9)] == [
        now.truth(step) for step in range(1, 9)
    ]
