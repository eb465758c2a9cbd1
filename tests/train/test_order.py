"""Which rows make each update."""

import numpy as np
import pytest

from s2sgraph.data import Batches
from s2sgraph.train.order import Order, seed_of, share
from s2sgraph.train.state import State


def order(accumulate: int = 1) -> Order:
    return Order(Batches(np.arange(1, 24), batch_size=4, seed=3), accumulate)


@pytest.mark.parametrize("accumulate", [1, 4, 10])
def test_every_row_comes_once_in_a_pass(accumulate: int) -> None:
    found = order(accumulate)
    updates = found.epoch(5)
    assert len(updates) == -(-6 // accumulate)
    rows = np.concatenate([rows for update in updates for rows in update])
    assert sorted(rows.tolist()) == list(range(23))


def test_it_goes_on_at_any_place() -> None:
    whole, state = order(4), State()
    for _ in range(7):
        expected = whole.take(state)
        again = State(epoch=state.epoch, place=state.place - 1)
        found = order(4).take(again)
        assert (again.epoch, again.place) == (state.epoch, state.place)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    assert (state.epoch, state.place) == (3, 1)


def test_how_many_updates_there_will_be() -> None:
    assert order().steps(100, None) == 100
    assert order().steps(100, 3) == 18
    assert order(4).steps(100, 3) == 6
    assert order(4).steps(5, 3) == 5


def test_processes_share_each_batch() -> None:
    rows = np.array([9, 3, 4, 1, 7])
    shares = [share(rows, rank, 3).tolist() for rank in range(3)]
    assert shares == [[9, 1], [3, 7], [4]]
    assert share(rows[:1], 2, 3).tolist() == []


def test_seeds_differ_in_every_number() -> None:
    numbers = [(seed, step, rank) for seed in (0, 1) for step in range(50) for rank in (0, 1)]
    seeds = {seed_of(*each) for each in numbers}
    assert len(seeds) == len(numbers)
    assert seed_of(0, 1, 2) == seed_of(0, 1, 2)
    assert max(seeds) < 2**63
