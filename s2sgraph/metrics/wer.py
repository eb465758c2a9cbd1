"""Word error rate."""

from collections.abc import Sequence

from s2sgraph.metrics.edits import error_rate
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import TextSample


class WordErrorRate(TextMetric, kind="wer"):
    """Edits for each word of the references; words stand between white space.

    As in the recognition of speech (NIST's sclite). Where a source is one word and the target its
    pronunciation, what papers call the word error rate is `pronunciation_wer`.
    """

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        return error_rate(samples, lambda text: text.line.split(), "words")
