"""Scheduled sampling: how often a decoder in training reads the truth, and what it reads else."""

from __future__ import annotations

from abc import abstractmethod
from math import exp
from typing import Annotated, Literal

from pydantic import Field

from s2sgraph.spec.fields import Rate, Size
from s2sgraph.spec.kinds import Kind


class ScheduledSampling(Kind, family="scheduled_sampling"):
    """Values that the model predicts, read in place of the truth (Bengio 2015).

    The chance that the truth is read falls from update to update, down to `least`.

    Attributes:
        least: the lowest chance of the truth.
        after: updates before it begins to fall.
        predictions: `argmax`, the most likely value, or `sample`, one drawn by its chance.
    """

    least: Rate = 0.0
    after: int = Field(default=0, ge=0)
    predictions: Literal["argmax", "sample"] = "argmax"

    @abstractmethod
    def chance(self, update: int) -> float:
        """The chance of the truth so many updates after it began to fall, `least` aside."""

    def truth(self, step: int) -> float:
        """The chance that a value before is the truth in the update `step`, from 1."""
        return max(self.least, self.chance(max(step - 1 - self.after, 0)))


class LinearSampling(ScheduledSampling, kind="linear"):
    """The chance falls from 1 to `least` along a line, and stays.

    Attributes:
        steps: updates in which it falls.
    """

    steps: Size

    def chance(self, update: int) -> float:
        """The line 1 - (1 - least) i / steps."""
        return 1 - (1 - self.least) * min(update / self.steps, 1)


class ExponentialSampling(ScheduledSampling, kind="exponential"):
    """The chance is multiplied by the same number in each update.

    Attributes:
        base: that number, k in the paper.
    """

    base: Annotated[float, Field(gt=0, lt=1)]

    def chance(self, update: int) -> float:
        """The power k^i."""
        return float(self.base**update)


class InverseSigmoidSampling(ScheduledSampling, kind="inverse_sigmoid"):
    """The chance stays high at first, falls, and comes near `least` slowly.

    Attributes:
        scale: how long that takes, k in the paper: it is one half after k log(k) updates.
    """

    scale: Annotated[float, Field(ge=1)]

    def chance(self, update: int) -> float:
        """The inverse sigmoid: k / (k + exp(i / k))."""
        # Beyond 700 exp has no number, and the chance is 0.
        return self.scale / (self.scale + exp(min(update / self.scale, 700)))
