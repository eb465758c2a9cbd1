"""Location score."""

from __future__ import annotations

from s2sgraph.attention.score import Score
from s2sgraph.spec.settings import Size


class Location(Score, kind="location"):
    """`softmax(W s)` over positions, whatever the memory holds there (Luong 2015).

    Attributes:
        positions: rows of W; places of the source after the last get no weight.
    """

    positions: Size = 512
