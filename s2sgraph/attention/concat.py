"""Concat score."""

from __future__ import annotations

from s2sgraph.attention.score import Score
from s2sgraph.spec.settings import Size


class Concat(Score, kind="concat"):
    """`v . tanh(W [s ; h_j])`, without bias (Luong 2015).

    Attributes:
        size: rows of W; by default the size of the query.
    """

    size: Size | None = None
