"""What all metrics share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.samples import FrameSample, Likelihood, TextSample
from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Name


class Metric(Kind, family="metric"):
    """A figure that says how good a model is.

    Attributes:
        name: what logs call the figure; by default the word of its kind.
        rises: whether more is better.
    """

    rises: ClassVar[bool] = False

    name: Name | None = None

    @property
    def label(self) -> str:
        """What logs call the figure."""
        return self.name or self.word


class TextMetric(Metric):
    """A figure of decoded symbols."""

    @abstractmethod
    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together; MetricError if a library is missing."""


class FrameMetric(Metric):
    """A figure of decoded frames."""

    @abstractmethod
    def figure(self, samples: Sequence[FrameSample]) -> Figure:
        """The figure of all samples together; ValueError where lengths differ."""


class LikelihoodMetric(Metric):
    """A figure of given targets, for which nothing is decoded."""

    @abstractmethod
    def figure(self, found: Likelihood) -> Figure:
        """The figure of all targets together."""
