"""Root mean square normalisation."""

from __future__ import annotations

from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Positive


class RmsNorm(Layer, kind="rms_norm"):
    """`g * x / sqrt(mean(x^2) + epsilon)` over the features (Zhang 2019)."""

    epsilon: Positive = 1e-6
