"""Dot score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.score import Score


class Dot(Score, kind="dot"):
    """`s . h_j` (Luong 2015)."""

    headed: ClassVar[bool] = True
