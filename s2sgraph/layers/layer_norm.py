"""Layer normalisation."""

from __future__ import annotations

from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Positive


class LayerNorm(Layer, kind="layer_norm"):
    """`g * (x - mean) / sqrt(variance + epsilon) + b` over the features (Ba 2016)."""

    epsilon: Positive = 1e-5
