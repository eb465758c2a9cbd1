"""Character error rate."""

from collections.abc import Sequence

from s2sgraph.metrics.edits import error_rate
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import TextSample


class CharacterErrorRate(TextMetric, kind="cer"):
    """Edits for each character of the references; spaces are characters too."""

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        return error_rate(samples, lambda text: text.line, "characters")
