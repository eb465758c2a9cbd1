"""What all attention scores share."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.spec.kinds import Kind


class Score(Kind, family="score"):
    """How well a query fits each place of the memory.

    Attributes:
        headed: True where several heads may share the score, each on its part of the features.
        covering: True where the score has room for coverage.
    """

    headed: ClassVar[bool] = False
    covering: ClassVar[bool] = False
