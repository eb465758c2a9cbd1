"""Token accuracy."""

from collections.abc import Sequence
from typing import ClassVar

from s2sgraph.metrics.figure import Figure, share
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import Text, TextSample


class TokenAccuracy(TextMetric, kind="token_accuracy"):
    """Share of the places that have the symbol of the reference at the same place.

    Places are counted to the end of the longer of the two, so that what is missing and what is
    too much are both wrong. Of several references, the one with the greatest share counts.
    """

    rises: ClassVar[bool] = True

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        right = places = 0
        for sample in samples:
            found = [_matches(sample.answer, text) for text in sample.references]
            best = max(found, key=lambda pair: pair[0] / max(pair[1], 1))
            right, places = right + best[0], places + best[1]
        return share(right, places, "right", "places")


def _matches(answer: Text, reference: Text) -> tuple[int, int]:
    """The places that are right, and all places."""
    pairs = zip(answer.symbols, reference.symbols, strict=False)
    right = sum(ours == theirs for ours, theirs in pairs)
    return right, max(len(answer.symbols), len(reference.symbols))
