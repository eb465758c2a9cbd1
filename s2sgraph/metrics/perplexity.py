"""Perplexity."""

import math

from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import LikelihoodMetric
from s2sgraph.metrics.samples import Likelihood


class Perplexity(LikelihoodMetric, kind="perplexity"):
    """The exponential of the loss of given tokens, their end symbols counted.

    A perplexity of n is that of an even choice between n symbols (Jelinek 1977).
    """

    def figure(self, found: Likelihood) -> Figure:
        """The figure of all targets together; infinite where it is beyond all numbers."""
        loss = found.loss / max(found.places, 1)
        # The exponential of a double overflows there.
        value = math.exp(loss) if loss < 709 else math.inf
        return Figure(value, f"{value:.4g}", f"{found.places:,} places")
