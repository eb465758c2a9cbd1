"""Parallel text of random words, with the sizes of Multi30k (Elliott et al. 2016)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

LINES, WORDS = 29_000, 8_000


@dataclass(frozen=True)
class Corpus:
    """A file for each side; the same line of both is one example."""

    source: Path
    target: Path


def write(folder: Path, equal: bool) -> Corpus:
    """Write a corpus with Multi30k's lengths, or with 13 words a line, where nothing is padding.

    Multi30k (English, French) has 13.0 and 14.1 words a line, 4 to 40 and 4 to 50.
    """
    dice = random.Random(0)
    words = [f"w{number}" for number in range(WORDS)]
    # By Zipf's law, flattened at its head.
    weights = [*accumulate(1 / (number + 10) for number in range(WORDS))]

    def line(length: int) -> str:
        return " ".join(dice.choices(words, cum_weights=weights, k=length)) + "\n"

    def lengths() -> tuple[int, int]:
        if equal:
            return 13, 13
        source = dice.lognormvariate(math.log(12.5), 0.3)
        target = source * dice.lognormvariate(0.075, 0.15)
        return min(max(round(source), 4), 40), min(max(round(target), 4), 50)

    pairs = [lengths() for _ in range(LINES)]
    corpus = Corpus(folder / "train.source", folder / "train.target")
    corpus.source.write_text("".join(line(length) for length, _ in pairs))
    corpus.target.write_text("".join(line(length) for _, length in pairs))
    return corpus
