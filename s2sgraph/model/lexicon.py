"""A lexicon: targets of known sources, which decoding gives whatever the model says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from s2sgraph.exporting import ExportError
from s2sgraph.graph.loops import filled
from s2sgraph.graph.numbers import Numbers
from s2sgraph.graph.ops import (
    add,
    and_,
    at_most,
    const,
    equal,
    greatest,
    iota,
    less,
    maximum,
    minimum,
    mod,
    mul,
    not_,
    or_,
    outer,
    places,
    select,
    sub,
    take,
    total,
)
from s2sgraph.graph.values import Value
from s2sgraph.model.chains import Source
from s2sgraph.spec.sides import TokenSource, TokenTarget

if TYPE_CHECKING:
    from s2sgraph.model.model import Model
    from s2sgraph.model.vocabularies import Table

Array = npt.NDArray[np.int64]
Line = str | Sequence[int] | npt.NDArray[Any]
"""A side of a line: text, or its ids."""
TRIES = 8
"""Hash functions of which the one with the fewest lines of one hash is taken."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of ids, one after the other.

    Attributes:
        ids: of all rows.
        ends: where each row ends in them.
    """

    ids: Array
    ends: Array

    @staticmethod
    def of(rows: Sequence[Sequence[int]]) -> Rows:
        """From the ids of each row."""
        return Rows(
            np.fromiter(chain.from_iterable(rows), np.int64),
            np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows))),
        )

    def __getitem__(self, row: int) -> Array:
        return self.ids[self.begins[row] : self.ends[row]]

    @property
    def begins(self) -> Array:
        """Where each row begins."""
        return np.concatenate([[0], self.ends[:-1]])

    @property
    def lengths(self) -> Array:
        """How long each row is."""
        return np.diff(self.ends, prepend=0)

    def reordered(self, order: Array) -> Rows:
        """The rows in another order."""
        lengths = self.lengths[order]
        ends = np.cumsum(lengths)
        inside = np.arange(len(self.ids)) - np.repeat(ends - lengths, lengths)
        return Rows(self.ids[np.repeat(self.begins[order], lengths) + inside], ends)

    # -- in a graph -------------------------------------------------------------------

    def bounds(self, row: Value) -> tuple[Value, Value]:
        """Where rows begin, and how long they are, both as `row`."""
        bounds = np.concatenate([[0], self.ends])
        begin = _looked_up(bounds, row, "row")
        return begin, sub(_looked_up(bounds, row + 1, "row"), begin)

    def at(self, begin: Value, place: Value) -> Value:
        """The ids at places of rows that begin there; of places past the last row, any id."""
        return _looked_up(self.ids, minimum(outer(add, begin, place), len(self.ids) - 1), "symbol")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Known targets by their sources; found by a hash, and then compared symbol by symbol.

    Attributes:
        sources: of each line, in the order of their hashes.
        targets: of each line, with the end symbol where the model's have one.
        factors: what the symbol at each place counts in the hash; the last is of all further ones.
        hashes: the first line of each hash, or of the next one that has any.
        unknown: lines that were left out because they have symbols that are in no vocabulary.
        repeated: lines that were left out because their source came before.
    """

    sources: Rows
    targets: Rows
    factors: Array
    hashes: Array
    unknown: int
    repeated: int

    @staticmethod
    def of(model: Model, lines: Iterable[tuple[Line, Line]]) -> Lexicon:
        """From sources and targets, as text or as ids without an end symbol.

        Of several lines with one source, the first counts.

        Raises:
            ExportError: the model does not turn one line of symbols into another, or there is none
                that it can read and write.
        """
        source, target = _tables(model)
        special = target.special
        ends = [special.eos] if model.spec.target.length == "free" else []
        found: dict[tuple[int, ...], list[int]] = {}
        unknown = repeated = 0
        for read, written in lines:
            known, given = _ids(source, read, end=source.end), _ids(target, written, end=False)
            if known is None or given is None or {special.pad, special.bos, special.eos} & {*given}:
                unknown += 1
            elif (*known,) in found:
                repeated += 1
            elif model.spec.target.length == "source" and len(known) != len(given):
                raise ExportError(
                    f"a line of the lexicon has {len(known)} symbols and then {len(given)}, where "
                    f"the model gives one for each: {read!r}, {written!r}"
                )
            else:
                found[(*known,)] = [*given, *ends]
        if not found:
            raise ExportError(
                "the lexicon has no line that the model can read and write; "
                f"{unknown:,} have symbols that are in no vocabulary"
            )
        sources, targets = Rows.of([*found]), Rows.of([*found.values()])
        factors, hashes = _hashing(sources)
        order = np.argsort(hashes, kind="stable")
        starts = np.searchsorted(hashes[order], np.arange(len(order)))
        return Lexicon(
            sources.reordered(order), targets.reordered(order), factors, starts, unknown, repeated
        )

    def __len__(self) -> int:
        return len(self.sources.ends)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all lines."""
        rows = (self.sources, self.targets)
        arrays = (array for found in rows for array in (found.ids, found.ends))
        return sha256(b"".join(array.astype("<i8").tobytes() for array in arrays)).hexdigest()

    # -- in a graph -------------------------------------------------------------------

    def found(self, source: Source, pad: int) -> Value:
        """The target of each row, padded, with padding behind it: `int[batch, known]`.

        Rows whose source is in no line have padding alone.
        """
        line = self._line(source)
        begin, size = self.targets.bounds(maximum(line, 0))
        size = select(at_most(0, line), size, 0)
        place = iota(greatest(size, over="batch") + 1, into="known")
        return select(outer(less, place, size), self.targets.at(begin, place), pad)

    def _line(self, source: Source) -> Value:
        """The line that each row's source is in, or -1: `int[batch]`."""
        ids, mask, over = source.values, source.mask, source.axis
        place = places(ids, over=over)
        first = _looked_up(self.hashes, self._hash(ids, mask, place, over), "hash")
        most = int(np.diff(self.hashes, append=len(self)).max())
        candidate = iota(filled((), dtype="int", value=most), into="lexicon candidate")
        # Lines of further hashes are among them, and past the last there is none.
        line = outer(add, first, candidate)
        there, line = less(line, len(self)), minimum(line, len(self) - 1)
        begin, size = self.sources.bounds(line)
        same = outer(equal, self.sources.at(begin, place), ids)
        others = total(select(outer(or_, same, not_(mask)), 0, 1), over=over)
        right = and_(and_(there, equal(others, 0)), outer(equal, size, source.length))
        return sub(total(select(right, line + 1, 0), over="lexicon candidate"), 1)

    def _hash(self, ids: Value, mask: Value, place: Value, over: str) -> Value:
        factor = _looked_up(self.factors, minimum(place, len(self.factors) - 1), "place")
        return mod(total(select(mask, mul(ids, factor), 0), over=over), len(self))


def _looked_up(numbers: Array, index: Value, what: str) -> Value:
    """The numbers at these places."""
    axis = f"lexicon {what}"
    return take(const(value=Numbers(numbers), dtype="int", axes=(axis,)), index, over=axis)


def _tables(model: Model) -> tuple[Table, Table]:
    """The vocabularies of source and target. Raises ExportError where there are no such two."""
    spec = model.spec
    if not isinstance(spec.source, TokenSource) or not isinstance(spec.target, TokenTarget):
        raise ExportError("a lexicon is for a model of one source and a target, both of tokens")
    if spec.target.length == "steps":
        raise ExportError("a lexicon is for targets that no run gives the length of")
    return model.vocabularies["source"], model.vocabularies["target"]


def _ids(table: Table, line: Line, *, end: bool) -> list[int] | None:
    """The ids of a line, with the end symbol or without; None where a symbol is unknown."""
    if isinstance(line, str):
        ids = table.encode(line)
        ids = ids[:-1] if table.end else ids
        known = table.special.unk not in ids
    else:
        ids = [int(index) for index in line]
        known = all(0 <= index < (table.size or 2**31) for index in ids)
    if not known:
        return None
    return [*ids, table.special.eos] if end else ids


def _hashing(rows: Rows) -> tuple[Array, Array]:
    """What the symbol at each place counts, and the hash of each row, from 0 to their number.

    The hash is the sum of `id * factor`, modulo the number of rows (Carter and Wegman 1979).
    """
    best: tuple[int, Array, Array] | None = None
    longest = int(rows.lengths.max(initial=0))
    place = np.arange(len(rows.ids)) - np.repeat(rows.begins, rows.lengths)
    for seed in range(TRIES):
        factors = np.random.default_rng(seed).integers(1, 2**31, longest + 1)
        factors[-1] = 0  # a longer source is in no line; its sum stays small
        sums = np.concatenate([[0], np.cumsum(rows.ids * factors[place])])
        hashes = (sums[rows.ends] - sums[rows.begins]) % len(rows.ends)
        most = int(np.bincount(hashes).max())
        if best is None or most < best[0]:
            best = most, factors, hashes
    assert best is not None
    return best[1], best[2]
