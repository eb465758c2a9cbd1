"""Updates of the weights: gradients of batches, clipped, followed by an optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from s2sgraph.model import Model
from s2sgraph.spec.training import Train
from s2sgraph.train.attention_losses import attention_losses
from s2sgraph.train.auxiliary_loss import AuxiliaryLoss
from s2sgraph.train.averaging import averaging
from s2sgraph.train.batch_loss import BatchLoss, Forward, Losses
from s2sgraph.train.checkpoints import Checkpoint
from s2sgraph.train.distillation import Distillation
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import Examples
from s2sgraph.train.finding import find
from s2sgraph.train.loss import loss_of
from s2sgraph.train.muon import matrices
from s2sgraph.train.optimizing import by_name, optimizer, restore
from s2sgraph.train.order import Rows, Update, seed_of, share
from s2sgraph.train.processes import Processes
from s2sgraph.train.r_drop import RDrop
from s2sgraph.train.scheduled_sampling import Sampling
from s2sgraph.train.starting import frozen
from s2sgraph.train.state import State
from s2sgraph.weights import Weights

LINES_SHOWN = 10


class Updater:
    """One module, what its optimizer keeps, and the mean of its weights.

    Attributes:
        module: the module itself, not wrapped for other processes or compiled.
        figures: the names of the losses: `loss`, that of the target, and the auxiliary ones.
    """

    def __init__(
        self, model: Model, examples: Examples, weights: Weights | None, processes: Processes
    ) -> None:
        self.settings: Train = model.spec.train
        self.examples, self.processes = examples, processes
        loss = loss_of(model, self.settings.label_smoothing)
        auxiliary: list[AuxiliaryLoss] = [*attention_losses(model)]
        if self.settings.r_drop is not None:
            auxiliary.append(RDrop(self.settings.r_drop))
        if self.settings.distillation is not None:
            auxiliary.append(Distillation(model, self.settings.distillation))
        self.loss = BatchLoss(model, examples, loss, processes, auxiliary)
        self.figures = ("loss", *(one.name for one in auxiliary))
        outputs = [*dict.fromkeys(one.output for one in auxiliary if one.output)]
        seed, sampling = self.settings.seed, self.settings.scheduled_sampling
        self.module: fx.GraphModule = model.to_torch(seed, weights, outputs=outputs)
        self.sampling = None if sampling is None else Sampling(model, sampling)
        for path in frozen(model):
            self.module.get_parameter(path).requires_grad_(False)
        # The module itself validates and is kept; one that is compiled shares its weights.
        forward: Any = self.module
        if self.settings.compile:
            forward = torch.compile(self.module, dynamic=True)
        self.forward = processes.setup(forward)
        stacked, named = matrices(model.trace("teach").weights), self.module.named_parameters()
        trained = {w: stacked.get(path, 0) for path, w in named if w.requires_grad}
        self.trained = [*trained]
        self.optimizer = optimizer(self.settings.optimizer, trained, processes)
        if processes.count > 1:
            self._settle()
        average = self.settings.average
        self.average = averaging(average, self.module) if average else None

    def _settle(self) -> None:
        """Go back once, for nothing.

        Processes choose in their first pass in which order gradients are summed from then on, and
        the order makes the last digit. So it is the same where a run begins and where it goes on.
        """
        self.processes.backward(self.loss(self.forward, np.zeros(1, np.int64)).objective)
        self.optimizer.zero_grad(set_to_none=True)

    @property
    def product(self) -> nn.Module:
        """The module to validate and to keep: of the mean of the weights, where there is one."""
        return self.average.module if self.average else self.module

    def update(self, update: Update, step: int, rate: float) -> tuple[dict[str, float], int]:
        """One step down the gradient.

        Returns the losses of this process's own rows as sums, by the names of the figures, and the
        places of all processes.

        Raises:
            TrainingError: the loss or the gradient is not finite; the weights are as before.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.module.train()
        self.optimizer.zero_grad(set_to_none=True)
        own = [share(rows, self.processes.rank, self.processes.count) for rows in update]
        every = sum(self.loss.places(rows) for rows in update)
        losses = []
        for number, rows in enumerate(own):
            with self.processes.accumulating(self.forward, more=number < len(own) - 1):
                found = self._losses(self.forward, update[number], step, number)
                # All processes go forward and back together, also where there is no row for each.
                counts = int(len(rows) > 0)
                self.processes.backward(found.objective * counts / max(every, 1))
            figures = torch.stack([found.sum, *found.auxiliary.values()])
            losses.append(figures.detach() * counts)
        # The only place that waits for an accelerator, once in an update.
        sums = torch.stack(losses).sum(0)
        *totals, norm = torch.cat([sums, self._clip()[None]]).tolist()
        for what, value in zip((*self.figures, "gradient"), (*totals, norm), strict=True):
            if not math.isfinite(value):
                raise self._not_finite(what, value, update, own, step)
        with self.processes.precision():  # for the products of Muon
            self.optimizer.step()
        if self.average:
            self.average.updated()
        return dict(zip(self.figures, totals, strict=True)), every

    def _losses(self, forward: Forward, rows: Rows, step: int, number: int) -> Losses:
        """The losses of this process's rows of a batch; of the first row where it has none."""
        rank, count = self.processes.rank, self.processes.count
        self.processes.seed(seed_of(self.settings.seed, step, number, rank))
        own = slice(rank, None, count) if rank < len(rows) else slice(1)
        draws = None
        if self.sampling is not None:
            draws = self.sampling.draws(step, number, self.loss.lengths[rows], own)
        return self.loss(forward, rows[own], draws)

    def _clip(self) -> Tensor:
        """The norm of the gradient, which is clipped."""
        gradients = [weight.grad for weight in self.trained if weight.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.settings.clip is not None:
            nn.utils.clip_grads_with_norm_(self.trained, self.settings.clip, norm)
        return norm

    # -- what is not finite -----------------------------------------------------------

    def _not_finite(
        self, what: str, value: float, update: Update, own: Sequence[Rows], step: int
    ) -> TrainingError:
        numbers = [n for n, rows in enumerate(own) if len(rows)]
        trials = (partial(self._again, update[n], step, n) for n in numbers)
        found = next(filter(None, (find(self.module, trial) for trial in trials)), None)
        unseen = "no batch of this process shows it when it is computed once more"
        return TrainingError(
            f"the {what} of step {step} is {value}; {found or unseen}; the lines of its batch:\n"
            + "\n".join(self._lines([row for rows in own for row in rows.tolist()]))
            + "\nTry a lower train.optimizer.rate, a longer warmup, or a smaller train.clip."
        )

    def _again(self, rows: Rows, step: int, number: int) -> Tensor:
        """The objective of a batch once more, with the same draws, by the module itself."""
        return self._losses(self.module, rows, step, number).objective

    def _lines(self, rows: Sequence[int]) -> list[str]:
        """Where the rows stand."""
        found = [self.examples.places[row] for row in rows]
        places = sorted((place.file, place.line) for place in found)
        lines = [f"  {file}:{line}" for file, line in places[:LINES_SHOWN]]
        if len(places) > LINES_SHOWN:
            lines.append(f"  and {len(places) - LINES_SHOWN} more")
        return lines

    # -- checkpoints ------------------------------------------------------------------

    def checkpoint(self, state: State) -> Checkpoint:
        """All that training goes on from."""
        return Checkpoint(
            state,
            dict(self.module.state_dict()),
            by_name(self.module, self.optimizer),
            self.average.state() if self.average else {},
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.module.load_state_dict(checkpoint.weights)
        restore(self.module, self.optimizer, checkpoint.optimizer)
        if self.average:
            self.average.restore(checkpoint.average)
