"""Concatenation of values."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.spec.kinds import Layer


class Concat(Layer, kind="concat", main="from"):
    """The features of all inputs, one after the other."""

    weighted: ClassVar[bool] = False
