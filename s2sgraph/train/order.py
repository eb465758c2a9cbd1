"""Which rows make each update: a pure function of seed, epoch and process."""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from s2sgraph.data import Batches
from s2sgraph.train.state import State

Rows = NDArray[np.int64]
Update = list[Rows]
"""The rows of each batch of one update."""


class Order:
    """The updates of every pass over the data.

    Args:
        batches: the batches of each pass.
        accumulate: how many of them make an update; the last of a pass may have fewer.
    """

    def __init__(self, batches: Batches, accumulate: int) -> None:
        self.batches, self.accumulate = batches, accumulate
        self.epoch = lru_cache(maxsize=1)(self._epoch)

    def _epoch(self, number: int) -> list[Update]:
        """The updates of the pass of that number, from 0."""
        found = self.batches.epoch(number)
        return [found[i : i + self.accumulate] for i in range(0, len(found), self.accumulate)]

    def take(self, state: State) -> Update:
        """The update that comes next; the state moves past it."""
        while state.place == len(updates := self.epoch(state.epoch)):
            state.epoch, state.place = state.epoch + 1, 0
        state.place += 1
        return updates[state.place - 1]

    def steps(self, most: int, epochs: int | None) -> int:
        """How many updates there will be, of `most`, where `epochs` may end them earlier."""
        found = 0
        for number in range(epochs or 0):
            found += -(-len(self.batches.epoch(number)) // self.accumulate)
            if found >= most:
                return most
        return most if epochs is None else found


def share(rows: Rows, rank: int, count: int) -> Rows:
    """The rows of one of `count` processes.

    Rows stand by length, so that every process gets as much to do.
    """
    return rows[rank::count]


def seed_of(*numbers: int) -> int:
    """A seed that is a pure function of whole numbers, such as seed, step, batch and process."""
    packed = struct.pack(f"<{len(numbers)}Q", *numbers)
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little") >> 1
