"""What all kinds of search have in common: how long a target is, and what it must not have."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from s2sgraph.graph.ops import integer, less, mul, number, select
from s2sgraph.graph.values import Value
from s2sgraph.search.rules import Decoder, Found, Rules
from s2sgraph.search.settings import AtRun, Number, Setting, Symbols, is_off
from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Positive, Size

ANY_LENGTH = 2**31 - 1
"""A limit that no target reaches."""


class Search(Kind, family="search"):
    """A kind of search.

    Attributes:
        max_length: most symbols of a result, the end symbol included.
        max_length_ratio: most symbols for each place of the sentence's own source; the smaller
            of the two limits holds.
        min_length: fewest symbols of a result, the end symbol included.
        banned: symbols that are never chosen, or their ids.
        no_repeat_ngram: no run of this many symbols comes twice in a result; 0: any may.
        repetition_penalty: what the scores of symbols chosen before are divided by, if positive,
            or else multiplied with (Keskar 2019, eq. 3).
        compact: rows that are finished leave the batch, so that those that are not cost less: for
            batches of many rows.
    """

    max_length: Size = 256
    max_length_ratio: Annotated[
        Positive | None, AtRun("most places of a target for each of its source; 0: any", "float")
    ] = None
    min_length: Annotated[
        int, Field(ge=0, le=2**31), AtRun("fewest symbols of a result, the end symbol included")
    ] = 0

    banned: Annotated[tuple[str | int, ...], Field(strict=False)] = ()
    no_repeat_ngram: Annotated[
        int, Field(ge=0, le=2**31), AtRun("no run of this many symbols comes twice; 0: any may")
    ] = 0
    repetition_penalty: Annotated[
        float, Field(ge=1, le=1e6), AtRun("penalty of the symbols chosen before; 1: none", "float")
    ] = 1.0
    compact: bool = False

    def lists(self) -> Iterator[Symbols]:
        """The lists of symbols that may be given when a file is run."""
        yield Symbols(
            "banned", "ids that are never chosen, besides those of the spec", ("given banned",)
        )
        yield Symbols(
            "allowed", "ids of the only symbols to choose from; empty: all", ("given allowed",)
        )
        yield Symbols(
            "prefix", "ids that each row starts with, padded", ("given batch", "given prefix")
        )

    def settings(self) -> Iterator[Setting]:
        """What may be chosen when a file is run, besides `max_length`."""
        yield from Setting.of(self)

    @abstractmethod
    def search(self, decoder: Decoder, rules: Rules) -> Found:
        """Trace the search.

        Symbols `int[length, batch, n_best]`, `lengths` and `scores` `[batch, n_best]`,
        `token_scores` `[length, batch, n_best]`, and the further values of the steps by name.
        """


def limits(ratio: Number, length: Value) -> Value | None:
    """Most symbols of each row, by the length of its source: `int[batch]`; None if any."""
    if is_off(ratio, 0):
        return None
    most = integer(mul(number(length), ratio))
    return select(less(0.0, ratio), most, ANY_LENGTH) if isinstance(ratio, Value) else most
