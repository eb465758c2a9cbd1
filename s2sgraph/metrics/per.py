"""Phone error rate."""

from collections.abc import Sequence

from s2sgraph.metrics.edits import error_rate
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import TextSample


class PhoneErrorRate(TextMetric, kind="per"):
    """Edits for each symbol of the references; symbols are those of the target's vocabulary.

    Of a target of phones, the phone error rate of Yao and Zweig (2015).
    """

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        return error_rate(samples, lambda text: text.symbols, "symbols")
