"""Scheduled sampling: what the model predicts is read in place of the truth, in two passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.spec.scheduled_sampling import ScheduledSampling
from s2sgraph.spec.sides import FeatureTarget
from s2sgraph.train.loss import Outputs
from s2sgraph.train.order import seed_of


class Sampling:
    """Draws which places of each batch are read from the model itself.

    A first pass reads the truth at every place, and predicts every place; the second reads some of
    these predictions in place of the truth (Mihaylova and Martins 2019). It is one way for every
    decoder: what recurs does not go on from a state that has read predictions.

    All draws are a pure function of seed, update, batch and row, so that neither a stop nor the
    number of processes changes them.
    """

    def __init__(self, model: Model, settings: ScheduledSampling) -> None:
        special, target = model.spec.special, model.spec.target
        self.settings, self.seed = settings, model.spec.train.seed
        self.features = target.features if isinstance(target, FeatureTarget) else 0
        # A decoder reads none of them after its first step: a search goes on with other symbols.
        self.unread = (special.pad, special.bos, special.eos)

    def draws(self, step: int, number: int, lengths: NDArray[np.int64], own: slice) -> Draws | None:
        """The draws of some rows of a batch; None where all of them read the truth.

        Args:
            step: the update, from 1.
            number: of the batch in it.
            lengths: of the targets of all its rows.
            own: which rows they are.
        """
        truth = self.settings.truth(step)
        if truth >= 1:
            return None
        generator = torch.Generator().manual_seed(seed_of(self.seed, step, number))
        size = (len(lengths), int(lengths.max(initial=0)))
        live = torch.arange(size[1]) < torch.from_numpy(lengths)[:, None]
        predicted = (torch.rand(size, generator=generator) >= truth) & live
        noise = None
        if self.settings.predictions == "sample" and self.features:
            noise = torch.randn((*size, self.features), generator=generator)[own]
        elif self.settings.predictions == "sample":
            noise = torch.rand(size, generator=generator)[own]
        return Draws(predicted[own], noise, self.unread)


@dataclass(frozen=True)
class Draws:
    """What was drawn for some rows.

    Attributes:
        predicted: bool[row, time]: whether the place is read as the model predicts it.
        noise: float[row, time] from [0, 1) for symbols, float[row, time, feature] of a normal
            density for frames; None for what is most likely.
        unread: symbols that are never predicted.
    """

    predicted: Tensor
    noise: Tensor | None
    unread: tuple[int, ...]

    def __call__(self, outputs: Outputs, target: Tensor) -> Tensor:
        """What the decoder reads, from what it gave for the true target; shaped like that."""
        width, device = target.shape[1], target.device
        predicted = self.predicted[:, :width].to(device)
        noise = None if self.noise is None else self.noise[:, :width].to(device)
        if "frames" in outputs:
            frames = outputs["frames"]
            frames = frames if noise is None else frames + outputs["deviations"] * noise
            return torch.where(predicted[:, :, None], frames, target)
        return torch.where(predicted, self._symbols(outputs["logits"], noise), target)

    def _symbols(self, logits: Tensor, noise: Tensor | None) -> Tensor:
        """int64[row, time]: the most likely symbols, or those where noise falls."""
        unread = torch.tensor(self.unread, device=logits.device)
        logits = logits.float().index_fill(2, unread, -torch.inf)
        best = logits.argmax(2)
        if noise is None:
            return best
        sums = logits.softmax(2).cumsum(2)
        found = torch.searchsorted(sums, noise[:, :, None] * sums[:, :, -1:], right=True)[:, :, 0]
        return torch.where(found < logits.shape[2], found, best)  # rounding may reach the very end
