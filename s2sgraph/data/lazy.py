"""Sequences that make their items when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

Item = TypeVar("Item")


class Lazy(Sequence[Item]):
    """A sequence that knows its length, and makes one item at a time."""

    @abstractmethod
    def make(self, index: int) -> Item:
        """The item at an index that there is, from 0."""

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        """An item, or a list of them."""
        found = range(len(self))[index]
        return self.make(found) if isinstance(found, int) else [*map(self.make, found)]
