"""Layer normalisation."""

from __future__ import annotations

from s2sgraph.graph.composed import layer_norm
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Positive


class LayerNorm(Layer, kind="layer_norm"):
    """`g * (x - mean) / sqrt(variance + epsilon) + b` over the features (Ba 2016)."""

    epsilon: Positive = 1e-5

    def width(self, sizes: Widths) -> int:
        """Features of the output."""
        return sum(sizes.inputs)

    def build(self, context: Context) -> Parts:
        """Trace the layer."""
        return Parts(layer_norm("weight", context.x, bias="bias", epsilon=self.epsilon))
