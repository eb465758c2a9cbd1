"""Mean squared error."""

from collections.abc import Sequence

import numpy as np

from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.frame_errors import differences, mean
from s2sgraph.metrics.metric import FrameMetric
from s2sgraph.metrics.samples import FrameSample


class MeanSquaredError(FrameMetric, kind="mse"):
    """Mean of the squared errors of all numbers of all frames, in the data's own units."""

    def figure(self, samples: Sequence[FrameSample]) -> Figure:
        """The figure of all samples together."""
        return mean(np.square(array) for array in differences(samples))
