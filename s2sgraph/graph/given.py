"""An input of a graph as its client sees it."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.types import Type

UNSET = -1
"""What a run gives for a number that it leaves to the file."""


@dataclass(frozen=True)
class Given:
    """One input of a graph.

    Attributes:
        name: what it is called.
        type: its type; axes that come from outside are called `given …`.
        meaning: what it is, in a few words.
        default: what stands for the model's own choice: -1, or an empty list; None if the input
            must be given.
        own: whether ids from the size of the vocabulary on are words of a row's own, for copying.
    """

    name: str
    type: Type
    meaning: str
    default: object = None
    own: bool = False
