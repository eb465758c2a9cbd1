"""Scaled dot score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.score import Score


class ScaledDot(Score, kind="scaled_dot"):
    """`s . h_j / sqrt(d)` (Vaswani 2017); with heads, d is the size of one head."""

    headed: ClassVar[bool] = True
