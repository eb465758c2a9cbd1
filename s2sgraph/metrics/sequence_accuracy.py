"""Sequence accuracy."""

from collections.abc import Sequence
from typing import ClassVar

from s2sgraph.metrics.figure import Figure, share
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import TextSample


class SequenceAccuracy(TextMetric, kind="sequence_accuracy"):
    """Share of the sources whose answer is exactly one of its references."""

    rises: ClassVar[bool] = True

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        return share(sum(map(exact, samples)), len(samples), "exactly right", "sources")


def exact(sample: TextSample) -> bool:
    """Whether the line of the answer is that of a reference."""
    return any(sample.answer.line == text.line for text in sample.references)
