"""Loss."""

from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import LikelihoodMetric
from s2sgraph.metrics.samples import Likelihood


class Loss(LikelihoodMetric, kind="loss"):
    """The loss of the given targets, mean over their places, without label smoothing.

    Of tokens, minus the mean logarithm (base e) of their probabilities.
    """

    def figure(self, found: Likelihood) -> Figure:
        """The figure of all targets together."""
        value = found.loss / max(found.places, 1)
        return Figure(value, f"{value:.4f}", f"{found.places:,} places")
