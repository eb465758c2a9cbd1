"""Output layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Problem, Reference, rule


class Output(Layer, kind="output"):
    """From the last values of a step to the scores of all symbols, or to a frame of features.

    Attributes:
        tied: the embedding whose table is the weight.
        bias: whether the product has a bias.
        kind: for features, `linear` gives the frame and `gaussian` its mean and variance;
            `auto` is scores for tokens and `linear` for features.
        loss: of a linear frame: squared or absolute error.
    """

    tied: Reference | None = None
    bias: bool = True
    kind: Literal["auto", "linear", "gaussian"] = "auto"
    loss: Literal["mse", "mae"] = "mse"

    @rule("kind", "loss")
    def _one_loss(self) -> Iterator[Problem]:
        if self.kind == "gaussian" and self.loss != "mse":
            message = "a gaussian output has a loss of its own, its likelihood"
            yield Problem(("loss",), message, "remove loss", at_key=True)
