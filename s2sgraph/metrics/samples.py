"""What metrics judge: answers, each beside everything that would have been right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Text:
    """A sequence of symbols.

    Attributes:
        line: as it is written.
        symbols: the units of the target's vocabulary, or the numbers of ids as text.
    """

    line: str
    symbols: tuple[str, ...]

    @classmethod
    def of_words(cls, line: str) -> Text:
        """A line whose symbols are its words."""
        return cls(line, tuple(line.split()))


@dataclass(frozen=True)
class TextSample:
    """The answer to one source, and its references, of which there is at least one."""

    answer: Text
    references: tuple[Text, ...]


@dataclass(frozen=True)
class FrameSample:
    """The answer to one source, and its reference, both float32[time, feature]."""

    answer: Frames
    reference: Frames


@dataclass(frozen=True)
class Likelihood:
    """How likely a model holds the targets to be that it is given.

    Attributes:
        loss: sum of the loss over all places; of tokens, minus the logarithm (base e) of their
            probabilities.
        places: target symbols, end symbols counted; or frames.
    """

    loss: float
    places: int
