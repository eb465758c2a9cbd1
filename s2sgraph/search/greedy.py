"""Greedy search: the best symbol at every step."""

from __future__ import annotations

from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Positive, Size


class Greedy(Kind, kind="greedy", family="search"):
    """The best symbol at every step; the lowest id wins a tie.

    Attributes:
        max_length: most symbols of a result, the end symbol included.
        max_length_ratio: most symbols for each place of the sentence's own source; the smaller
            of the two limits holds.
    """

    max_length: Size = 256
    max_length_ratio: Positive | None = None
