"""Root mean square normalisation."""

from __future__ import annotations

from s2sgraph.graph.composed import rms_norm
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Positive


class RmsNorm(Layer, kind="rms_norm"):
    """`g * x / sqrt(mean(x^2) + epsilon)` over the features (Zhang 2019)."""

    epsilon: Positive = 1e-6

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        return Parts(rms_norm("weight", context.x, epsilon=self.epsilon))
