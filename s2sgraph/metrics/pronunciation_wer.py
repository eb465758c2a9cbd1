"""Word error rate of pronunciations."""

from collections.abc import Sequence

from s2sgraph.metrics.figure import Figure, share
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import TextSample
from s2sgraph.metrics.sequence_accuracy import exact


class PronunciationWordErrorRate(TextMetric, kind="pronunciation_wer"):
    """Share of the sources whose answer is none of its references: 1 - sequence accuracy.

    What is published as the word error rate on CMUdict (Yao and Zweig 2015) and in the shared
    tasks of SIGMORPHON, where each source is one word.
    """

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        wrong = sum(not exact(sample) for sample in samples)
        return share(wrong, len(samples), "not exactly right", "sources")
