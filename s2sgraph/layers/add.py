"""Sum of values."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.spec.kinds import Layer


class Add(Layer, kind="add", main="from"):
    """The sum of all inputs, which have one size."""

    weighted: ClassVar[bool] = False
