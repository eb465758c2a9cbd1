"""The loss of a batch of rows by a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from s2sgraph.model import Model
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import Feeder
from s2sgraph.train.loss import Loss, Outputs, Total
from s2sgraph.train.order import Rows
from s2sgraph.train.processes import Processes

Forward = Callable[..., Any]


class BatchLoss:
    """Feeds rows of examples to a module, and takes the loss of what it gives."""

    def __init__(self, model: Model, examples: Examples, loss: Loss, processes: Processes) -> None:
        self.examples, self.loss, self.processes = examples, loss, processes
        self.feed = Feeder(model)
        sequences = [name for name in examples.rows[0] if not name.endswith("_static")]
        self.lengths = examples.lengths[:, sequences.index("target")]
        self.output = "logits" if model.vocabularies.get("target") else "frames"

    def __call__(self, forward: Forward, rows: Rows) -> Total:
        """The loss of some rows, summed over their places."""
        batch = self.feed([self.examples.rows[int(row)] for row in rows])
        inputs = self.processes.to_device(batch.inputs)
        with self.processes.precision():
            found = forward(*inputs)
        target = self.processes.to_device(batch.target)
        return self.loss(self._named(found), target, batch.lengths)

    def places(self, rows: Rows) -> int:
        """How many places of the target some rows have."""
        return int(self.lengths[rows].sum())

    def _named(self, found: Tensor | Outputs) -> Outputs:
        """The outputs by name, in float32 whatever they were computed in."""
        named = found if isinstance(found, dict) else {self.output: found}
        return {name: value.float() for name, value in named.items()}
