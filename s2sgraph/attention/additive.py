"""Additive score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.score import Score
from s2sgraph.spec.settings import Size


class Additive(Score, kind="additive"):
    """`v . tanh(W s + U h_j + b)` (Bahdanau 2015).

    Attributes:
        size: rows of W and U; by default the size of the query.
        bias: whether there is b.
        normalize: `g * v/|v| . tanh(...)`, g starting at sqrt(1/size) and b at 0.
    """

    covering: ClassVar[bool] = True

    size: Size | None = None
    bias: bool = True
    normalize: bool = False
