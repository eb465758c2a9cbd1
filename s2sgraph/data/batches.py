"""Batches: their order, their rows of like length, and their padded arrays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows are sorted by length inside pools of this many batches: wide enough that padding is a few
# per cent, narrow enough that neighbours differ from epoch to epoch.
_POOL = 64

# Kernels compute rows in groups. Of a number of rows with a large prime factor, such as 254 or 257,
# oneDNN makes tiny ones: an LSTM takes two to four times as long as with 256 rows.
_GROUP = 8

Sequences = Mapping[str, Sequence[int] | NDArray[Any]]


def order(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of 0 … rows - 1, a pure function of its arguments.

    It sorts the raw output of a counter-based generator, which numpy promises never to change,
    as it does not for its own shuffling.
    """
    keys = np.random.Philox(key=[seed % 2**64, epoch % 2**64]).random_raw(rows)
    return np.argsort(keys, kind="stable").astype(np.int64)


def _endless(rows: int, seed: int, start: int, end: int) -> Iterator[NDArray[np.int64]]:
    """The places `start` to `end` - 1 of endlessly many shuffled copies of 0 … rows - 1."""
    while start < end:
        copy, place = divmod(start, rows)
        piece = order(rows, seed, copy)[place : place + end - start]
        yield piece
        start += len(piece)


@dataclass(frozen=True)
class Batches:
    """How rows are grouped, for each epoch.

    `lengths` is int[row, field] (or int[row]): the length of every sequence of a row. Exactly one
    of `batch_size` (rows) and `batch_tokens` is given; the latter bounds rows times the longest
    sequence of any field, padding included, and a row longer than that is a batch of its own.
    Batches of so many tokens have a multiple of 8 rows, or fewer than 8, but for the last ones.
    `parts` gives the rows of each part of the data, in order, and its weight: how often each of
    its rows comes in an epoch. Without parts, every row comes once.
    """

    lengths: NDArray[np.int64]
    batch_size: int | None = None
    batch_tokens: int | None = None
    seed: int = 0
    parts: Sequence[tuple[int, Fraction]] = ()

    def __post_init__(self) -> None:
        if self.parts and sum(rows for rows, _ in self.parts) != len(self.lengths):
            raise ValueError(f"the parts have not {len(self.lengths)} rows together")
        given = [n for n in (self.batch_size, self.batch_tokens) if n is not None]
        if len(given) != 1 or given[0] < 1:
            raise ValueError("expected one of batch_size and batch_tokens, from 1")
        if self.lengths.ndim not in (1, 2):
            raise ValueError(
                f"lengths have shape {list(self.lengths.shape)}; expected [row, field]"
            )

    def epoch(self, number: int) -> list[NDArray[np.int64]]:
        """The batches of an epoch, each the int64[rows] numbers of its rows.

        Every row of weight 1 is in exactly one batch. Rows of like length come together; which
        ones, and the order of the batches, depend only on the seed and the epoch. Processes that
        train together cut each of these batches among themselves.
        """
        chosen = self._chosen(number)
        rows = len(chosen)
        shuffled = chosen[order(rows, self.seed, number)]
        longest = self._longest()
        mean = float(longest.mean()) if len(longest) else 1.0
        size = self.batch_size or max(1, int((self.batch_tokens or 1) / max(mean, 1.0)))
        pool = size * _POOL
        batches: list[NDArray[np.int64]] = []
        for start in range(0, rows, pool):
            batches += self._cut(self._by_length(shuffled[start : start + pool]))
        # A second draw: the order of batches must not follow from the order of rows.
        return [batches[i] for i in order(len(batches), self.seed + 1, number)]

    def _chosen(self, epoch: int) -> NDArray[np.int64]:
        """The rows of an epoch, each as often as its weight says, in the order of the data.

        Of a weight such as 1/3, epoch after epoch takes the next third of an endless row of
        shuffled copies of the part: after three epochs, each row has come exactly once.
        """
        if all(weight == 1 for _, weight in self.parts):
            return np.arange(len(self.lengths))
        chosen = []
        first = 0
        for place, (rows, weight) in enumerate(self.parts):
            whole, rest = divmod(weight, 1)
            start, end = (int(rest * rows * n) for n in (epoch, epoch + 1))
            extra = _endless(rows, self.seed + 2 + place, start, end)
            taken = [np.tile(np.arange(rows), int(whole)), *extra]
            chosen.append(first + np.sort(np.concatenate(taken)))
            first += rows
        return np.concatenate(chosen)

    def in_order(self) -> list[NDArray[np.int64]]:
        """The batches for a single pass without chance, shortest rows first, as for evaluation."""
        return self._cut(self._by_length(np.arange(len(self.lengths))))

    def _longest(self) -> NDArray[np.int64]:
        return self.lengths if self.lengths.ndim == 1 else self.lengths.max(axis=1, initial=0)

    def _by_length(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows by their longest sequence, then by their other lengths, then as they came."""
        lengths = self.lengths[rows]
        columns = [lengths] if lengths.ndim == 1 else [*lengths.T[::-1]]
        return rows[np.lexsort([*columns, self._longest()[rows]])]

    def _cut(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Consecutive rows as batches; `rows` come by rising length."""
        if not len(rows):
            return []
        if self.batch_size is not None:
            cuts = list(range(0, len(rows), self.batch_size))
        else:
            cuts = [0]
            budget = self.batch_tokens or 1
            for place, length in enumerate(self._longest()[rows].tolist()):
                while place > cuts[-1] and (place - cuts[-1] + 1) * length > budget:
                    full = place - cuts[-1]
                    cuts.append(cuts[-1] + (full - full % _GROUP or full))
        return [rows[start:end] for start, end in pairwise([*cuts, len(rows)])]


def collate(rows: Sequence[Sequences], pad: int | Mapping[str, int] = 0) -> dict[str, NDArray[Any]]:
    """The padded arrays of a batch of rows, which all have the same names.

    Ids become int64[batch, width], padded with `pad` (one id, or one for each name); frames
    float32[time, feature] become float32[batch, width, feature], padded with 0. Beside each name
    comes NAME_length, int64[batch]. The width is that of the longest row.
    """
    if not rows:
        raise ValueError("a batch has at least one row")
    batch: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        values = [np.asarray(row[name]) for row in rows]
        lengths = np.array([len(value) for value in values], np.int64)
        width = int(lengths.max())
        padding = pad if isinstance(pad, int) else pad.get(name, 0)
        if any(value.ndim == 2 for value in values):
            features = values[0].shape[1]
            array: NDArray[Any] = np.zeros((len(rows), width, features), np.float32)
        else:
            array = np.full((len(rows), width), padding, np.int64)
        for target, value in zip(array, values, strict=True):
            if len(value):
                target[: len(value)] = value
        batch[name] = array
        batch[f"{name}_length"] = lengths
    return batch
