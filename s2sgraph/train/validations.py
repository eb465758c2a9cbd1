"""Validations as text: what a model made of a few development sources, for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from s2sgraph.evaluating import Evaluation, Question
from s2sgraph.runtime import Result

LONGEST = 400
"""Signs of a line that are shown; sequences of features are as long as one likes."""


def validation_text(step: int, found: Evaluation, shown: int) -> str:
    """The figures after a step, and the first questions with references and answers."""
    lines = [f"step {step}"]
    lines += [f"{name}: {f.shown} ({f.counted})" for name, f in found.figures.items()]
    for question, answer in list(zip(found.questions, found.answers, strict=True))[:shown]:
        lines += ["", *_one(question, answer)]
    return "".join(f"{line}\n" for line in lines)


def _one(question: Question, answer: Result) -> list[str]:
    lines = [f"{name}: {_line(value)}" for name, value in question.item.items()]
    lines += [f"reference: {_line(value)}" for value in question.references]
    best = answer.best
    made = best.extras["frames"] if best.text is None else best.text
    return [*lines, f"answer: {_line(made)}"]


def _line(value: Any) -> str:
    """A text, ids or numbers on one line, cut where it is very long."""
    if isinstance(value, np.ndarray):
        text = str(np.round(value, 4).tolist())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        text = " ".join(map(str, value))
    else:
        text = str(value)
    text = text.translate({10: " ", 13: " "})
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
