"""Beam search and exhaustive search in a few lines of plain Python, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from s2sgraph.graph import reference

Tokens = tuple[int, ...]
Step = Callable[[Sequence[Tokens]], tuple[np.ndarray, np.ndarray]]
"""From prefixes to the log-probabilities of their next symbols and what each attends to."""


@dataclass(frozen=True)
class Settings:
    beams: int = 4
    n_best: int = 1
    alpha: float = 0.0
    offset: float = 0.0
    beta: float = 0.0
    first: bool = False
    limit: int = 10
    ends: bool = True
    pad: int = 0
    bos: int = 1
    eos: int = 2


@dataclass(frozen=True)
class Hypothesis:
    tokens: Tokens
    chances: tuple[float, ...]
    attended: np.ndarray
    ranking: float = field(default=0.0)

    @property
    def score(self) -> float:
        return float(sum(self.chances))

    def longer(self, symbol: int, chance: float, attention: np.ndarray) -> Hypothesis:
        attended = self.attended + attention
        return Hypothesis((*self.tokens, symbol), (*self.chances, float(chance)), attended)

    def ranked(self, by: Settings) -> Hypothesis:
        if not self.tokens:
            return self
        rank = penalised(self.score, len(self.tokens), by)
        if by.beta:
            rank += by.beta * np.log(self.attended.clip(1e-10, 1)).sum()
        return Hypothesis(self.tokens, self.chances, self.attended, rank)


def penalised(score: float, length: int, by: Settings) -> float:
    """Wu 2016, eq. 14, with any offset."""
    return float(score / ((by.offset + length) / (by.offset + 1)) ** by.alpha)


@dataclass
class Result:
    """The n best, and how near the nearest decision was that could have gone another way."""

    best: list[Hypothesis]
    margin: float


def beam_search(step: Step, places: int, by: Settings) -> Result:
    """The n best of one sentence that has so many places of the source."""
    going = [Hypothesis((), (), np.zeros(places))]
    ended: list[Hypothesis] = []
    margin = np.inf
    for _ in range(by.limit):
        on, ends = continuations(step, going, by)
        on.sort(key=lambda h: -h.score)
        going, rest = on[: by.beams], on[by.beams :]
        worst = going[-1].score if len(going) == by.beams else -np.inf
        near = [worst - h.score for h in rest[:1]] + [h.score - worst for h in ends]
        margin = min(margin, *map(abs, near), np.inf)
        ended += [h.ranked(by) for h in ends if h.score >= worst]
        ended.sort(key=lambda h: -h.ranking)
        if by.first and len(ended) >= by.n_best:
            going = []
        hope = penalised(going[0].score, by.limit, by) if going else -np.inf
        if len(ended) >= by.n_best and hope <= ended[by.n_best - 1].ranking:
            going = []
        if not going:
            break
    pool = sorted([*ended, *(h.ranked(by) for h in going)], key=lambda h: -h.ranking)
    gaps = [a.ranking - b.ranking for a, b in pairwise(pool[: by.n_best + 1])]
    return Result(pool[: by.n_best], float(min([margin, *gaps])))


def continuations(
    step: Step, going: Sequence[Hypothesis], by: Settings
) -> tuple[list[Hypothesis], list[Hypothesis]]:
    """All that go on, and all that end."""
    chances, attention = step([h.tokens for h in going])
    on, ends = [], []
    for hypothesis, row, attended in zip(going, chances, attention, strict=True):
        for symbol, chance in enumerate(row):
            if symbol in (by.pad, by.bos):
                continue
            ending = by.ends and symbol == by.eos
            (ends if ending else on).append(hypothesis.longer(symbol, chance, attended))
    return on, ends


def every_sequence(step: Step, places: int, by: Settings) -> list[Hypothesis]:
    """All that end, and all that are as long as the limit: best first."""
    going, found = [Hypothesis((), (), np.zeros(places))], []
    for _ in range(by.limit):
        going, ends = continuations(step, going, by)
        found += ends
    return sorted((h.ranked(by) for h in [*found, *going]), key=lambda h: -h.ranking)


def step_of(model: Any, weights: Any, inputs: Any, row: int) -> Step:
    """The taught graph in double precision, as a function of prefixes."""
    teach = model.trace("teach", hard=True)
    own = {
        value.name: np.asarray(inputs[value.name])[[row]]
        for value in teach.inputs
        if value.name != "target"
    }
    along = model.spec.target.length == "source"
    width = own["source"].shape[1] if along else 0

    def step(prefixes: Sequence[Tokens]) -> tuple[np.ndarray, np.ndarray]:
        count, place = len(prefixes), len(prefixes[0])
        target = np.zeros((count, max(width, place + 1)), int)
        target[:, :place] = prefixes
        feed = {name: np.repeat(array, count, 0) for name, array in own.items()}
        logits = reference.run(teach, weights, {**feed, "target": target})["logits"][:, place]
        logits = logits - logits.max(-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True)), np.zeros((count, 0))

    return step
