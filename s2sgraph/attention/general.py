"""General score."""

from __future__ import annotations

from s2sgraph.attention.score import Score


class General(Score, kind="general"):
    """`s^T W h_j`, without bias (Luong 2015).

    Attributes:
        scale: `g * s^T W h_j` with a learned number g that starts at 1.
    """

    scale: bool = False
