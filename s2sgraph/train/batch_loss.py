"""The losses of a batch of rows by a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import Batch, Feeder
from s2sgraph.train.loss import Loss, Outputs
from s2sgraph.train.order import Rows
from s2sgraph.train.processes import Processes
from s2sgraph.train.r_drop import RDrop

Forward = Callable[..., Any]
Reader = Callable[[Outputs, Tensor], Tensor]
"""What a decoder reads, by what a first pass on the true target has given, and by that target."""


class Beside(Protocol):
    """A loss beside that of the target.

    Attributes:
        name: what the log calls it.
        weight: what it is multiplied by where it is added to the loss of the target.
    """

    name: str
    weight: float

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The sum over the places of the target; the batch is where the outputs are."""
        ...


@dataclass(frozen=True)
class Losses:
    """The losses of some rows, each as a sum over their places; of two passes, their mean.

    Attributes:
        sum: the loss of the target.
        places: of the target.
        beside: the other losses by name.
        objective: what training makes smaller: all of them, weighted.
    """

    sum: Tensor
    places: int
    beside: dict[str, Tensor]
    objective: Tensor


class BatchLoss:
    """Feeds rows of examples to a module, and takes the losses of what it gives."""

    def __init__(
        self,
        model: Model,
        examples: Examples,
        loss: Loss,
        processes: Processes,
        beside: Sequence[Beside] = (),
    ) -> None:
        self.examples, self.loss, self.processes, self.beside = examples, loss, processes, beside
        self.passes = 2 if any(isinstance(one, RDrop) for one in beside) else 1
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
        beside = {loss.name: loss(outputs, batch) / self.passes for loss in self.beside}
        own = total.sum / self.passes
        added = [loss.weight * beside[loss.name] for loss in self.beside]
        return Losses(own, total.places // self.passes, beside, sum(added, own))

    def places(self, rows: Rows) -> int:
        """How many places of the target some rows have."""
        return int(self.lengths[rows].sum())

    def _on_device(self, batch: Batch) -> Batch:
        inputs, target, links = self.processes.to_device((batch.inputs, batch.target, batch.links))
        return replace(batch, inputs=inputs, target=target, links=links)

    def _outputs(self, forward: Forward, batch: Batch) -> Outputs:
        """The outputs by name: logits as they were computed, all others in float32."""
        with self.processes.precision():
            found = forward(*batch.inputs)
        named = found if isinstance(found, dict) else {self.output: found}
        return {name: value if name == "logits" else value.float() for name, value in named.items()}
