"""Where training stands, written and read."""

import json

import pytest

from s2sgraph.train.state import State


def test_written_and_read() -> None:
    state = State(step=3, best=0.1, sum=0.5, sums=[0.5, 0.25])
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_another_version_is_told() -> None:
    form = State().to_json()
    del form["falls"]
    with pytest.raises(ValueError, match="expected auxiliaries, auxiliary, best, best_step, count"):
        State.from_json(form)


def test_each_process_has_its_own_sum_again() -> None:
    saved = State(sum=0.5, sums=[0.5, 0.25])
    assert [saved.seen_by(rank, 2).sum for rank in range(2)] == [0.5, 0.25]
    # Other processes than those that saved it have the same together.
    assert [saved.seen_by(rank, 3).sum for rank in range(3)] == [0.75, 0.0, 0.0]
    assert saved.seen_by(0, 1).sum == 0.75


def test_each_process_has_its_own_auxiliary_losses_again() -> None:
    saved = State(sums=[0.5, 0.25], auxiliaries={"coverage_loss": [2.0, 1.0]})

    def found(rank: int, count: int) -> float:
        return saved.seen_by(rank, count).auxiliary["coverage_loss"]

    assert [found(rank, 2) for rank in range(2)] == [2.0, 1.0]
    assert [found(rank, 3) for rank in range(3)] == [3.0, 0.0, 0.0]
