"""The losses of a batch of rows by a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.train.auxiliary_loss import AuxiliaryLoss
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import Batch, Feeder
from s2sgraph.train.loss import Loss, Outputs
from s2sgraph.train.order import Rows
from s2sgraph.train.processes import Processes

Forward = Callable[..., Any]
Reader = Callable[[Outputs, Tensor], Tensor]
"""What a decoder reads, by what a first pass on the true target has given, and by that target."""


@dataclass(frozen=True)
class Losses:
    """The losses of some rows, each as a sum over their places; of two passes, their mean.

    Attributes:
        sum: the loss of the target.
        places: of the target.
        auxiliary: the auxiliary losses by name.
        objective: what training makes smaller: all of them, weighted.
    """

    sum: Tensor
    places: int
    auxiliary: dict[str, Tensor]
    objective: Tensor


class BatchLoss:
    """Feeds rows of examples to a module, and takes the losses of what it gives."""

    def __init__(
        self,
        model: Model,
        examples: Examples,
        loss: Loss,
        processes: Processes,
        auxiliary: Sequence[AuxiliaryLoss] = (),
    ) -> None:
        self.examples, self.loss, self.processes = examples, loss, processes
        self.auxiliary = auxiliary
        self.passes = max((one.passes for one in auxiliary), default=1)
        self.feed = Feeder(model)
        self.lengths = examples.lengths[:, self.feed.sequences.index("target")]
        self.output = "logits" if model.vocabularies.get("target") else "frames"

    def __call__(self, forward: Forward, rows: Rows, reader: Reader | None = None) -> Losses:
        """The losses of some rows; with a reader, of a second pass on what it gives."""
        batch = self._on_device(self.feed([self.examples.rows[int(row)] for row in rows]))
        read = batch
        if reader is not None:
            with torch.no_grad():
                first = self._outputs(forward, batch)
            read = self.feed.reading(batch, reader(first, batch.target))
        if self.passes == 2:
            # As one pass on twice the rows: each row has a dropout of its own.
            batch, read = batch.twice(), read.twice()
        outputs = self._outputs(forward, read)
        total = self.loss(outputs, batch.target, batch.lengths)
        auxiliary = {one.name: one(outputs, batch) / self.passes for one in self.auxiliary}
        own = total.sum / self.passes
        added = [one.weight * auxiliary[one.name] for one in self.auxiliary]
        return Losses(own, total.places // self.passes, auxiliary, sum(added, own))

    def places(self, rows: Rows) -> int:
        """How many places of the target some rows have."""
        return int(self.lengths[rows].sum())

    def _on_device(self, batch: Batch) -> Batch:
        parts = batch.inputs, batch.target, batch.links, batch.predictions
        inputs, target, links, predictions = self.processes.to_device(parts)
        return replace(batch, inputs=inputs, target=target, links=links, predictions=predictions)

    def _outputs(self, forward: Forward, batch: Batch) -> Outputs:
        """The outputs by name: logits as they were computed, all others in float32."""
        with self.processes.precision():
            found = forward(*batch.inputs)
        named = found if isinstance(found, dict) else {self.output: found}
        return {name: value if name == "logits" else value.float() for name, value in named.items()}
