"""Losses of attention, beside the loss of the target: sums over the places of a batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.spec import attention_losses as settings
from s2sgraph.train.auxiliary_loss import AuxiliaryLoss
from s2sgraph.train.feeding import Batch
from s2sgraph.train.loss import Outputs


class AttentionLoss(AuxiliaryLoss):
    """A loss of the weights that an attention gives to the places of the source.

    Attributes:
        output: the output of the module that holds the weights.
    """

    output: str

    def __init__(self, model: Model, loss: settings.AttentionLoss) -> None:
        self.output, self.weight = model.layers.supervision.watched(loss).output, loss.weight


class Coverage(AttentionLoss):
    """The sum over j of min(a_tj, c_tj), c_t being the sum of a before t (See 2017, eq. 13)."""

    name = "coverage_loss"

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """From weights `[batch, time, source]`."""
        weights = outputs[self.output]
        before = F.pad(weights.cumsum(1)[:, :-1], (0, 0, 1, 0))
        each = torch.minimum(weights, before).sum(2)
        live = torch.arange(weights.shape[1]) < batch.lengths[:, None]
        return torch.where(live.to(each.device), each, 0.0).sum()


class Alignment(AttentionLoss):
    """The cross entropy of attention with the links of a place (Chen 2016, Garg 2019, eq. 4).

    The links of a place of the target share its weight evenly; a place without any has no loss.
    """

    name = "alignment_loss"

    # Of a place that a window hides, or a weight too small to be told from zero.
    least = 1e-9

    def __init__(self, model: Model, loss: settings.GuidedAlignment) -> None:
        super().__init__(model, loss)
        self.head = loss.head

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """From weights `[batch, time, source]`, or `[batch, time, head, source]` of each head."""
        assert batch.links is not None
        weights = outputs[self.output]
        if self.head is not None:
            weights = weights[:, :, self.head]
        of_links = weights[tuple(batch.links.places.unbind(1))]
        return -(batch.links.shares * of_links.clamp_min(self.least).log()).sum()


def attention_losses(model: Model) -> tuple[AttentionLoss, ...]:
    """The losses of attention that a model is trained with."""
    train, found = model.spec.train, list[AttentionLoss]()
    if train.coverage_loss is not None:
        found.append(Coverage(model, train.coverage_loss))
    if train.guided_alignment is not None:
        found.append(Alignment(model, train.guided_alignment))
    return tuple(found)
