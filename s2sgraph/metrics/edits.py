"""Error rates by edit distance, against the nearest of several references."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s2sgraph.metrics.errors import library
from s2sgraph.metrics.figure import Figure, share
from s2sgraph.metrics.samples import Text, TextSample

Cut = Callable[[Text], Sequence[str]]
"""What edits are counted in: from a text to its words, characters or symbols."""


def error_rate(samples: Sequence[TextSample], cut: Cut, units: str) -> Figure:
    """Edits for each unit of the references: `(S + D + I) / N`.

    S, D and I are the substitutions, deletions and insertions of the shortest way from the answer
    to its reference (Levenshtein 1966), N the units of the references. Of several references, the
    one with the fewest edits counts; of equal ones, the first.
    """
    edits = total = 0
    for sample in samples:
        fewest, length = nearest(cut(sample.answer), [cut(text) for text in sample.references])
        edits, total = edits + fewest, total + length
    return share(edits, total, "edits", units)


def nearest(answer: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The edits to the nearest reference, and the length of that reference."""
    with library("rapidfuzz"):
        from rapidfuzz.distance import Levenshtein
    found = [(Levenshtein.distance(answer, units), len(units)) for units in references]
    return min(found, key=lambda pair: pair[0])
