"""What each chain of a model reads."""

from __future__ import annotations

from s2sgraph.spec.schema import Spec
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, TokenSource, TokenTarget

Side = TokenSource | FeatureSource | TokenTarget | FeatureTarget


def side_of(spec: Spec, chain: str) -> Side:
    """The side of the chain's source, or of the target."""
    if chain == "decoder":
        assert isinstance(spec.target, TokenTarget | FeatureTarget)
        return spec.target
    return spec.source[chain] if isinstance(spec.source, dict) else spec.source
