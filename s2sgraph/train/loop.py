"""The loop: updates, validations, and what is kept of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2sgraph.data import Batches
from s2sgraph.model import Model
from s2sgraph.spec.training import Train
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import Feeder
from s2sgraph.train.folder import Folder
from s2sgraph.train.loss import Loss, Outputs, Total, loss_of
from s2sgraph.train.optimizing import optimizer, rate_at
from s2sgraph.train.reports import Progress, Report

Rows = NDArray[np.int64]
LOGGED_EVERY = 50
"""Updates between two reports for the log, where no validation comes first."""
LINES_SHOWN = 10


@dataclass
class Window:
    """What has been seen since the last report."""

    began: float
    sum: float = 0.0
    count: int = 0

    @property
    def loss(self) -> float:
        """The mean loss."""
        return self.sum / max(self.count, 1)

    def add(self, total: float, count: int) -> None:
        """One more batch."""
        self.sum += total
        self.count += count


class Loop:
    """Trains one module. The state after a run: `step`, `epoch`, `best`, `best_step`, `ended`."""

    def __init__(
        self,
        model: Model,
        train: Examples,
        dev: Examples | None,
        folder: Folder,
        report: Report,
    ) -> None:
        self.settings: Train = model.spec.train
        self.model, self.folder, self.report = model, folder, report
        self.train, self.dev = train, dev
        self.feed = Feeder(model)
        self.loss: Loss = loss_of(model, self.settings.label_smoothing)
        # Without smoothing, so that losses compare between settings.
        self.dev_loss: Loss = loss_of(model)
        self.module: nn.Module = model.to_torch(self.settings.seed)
        self.optimizer = optimizer(self.settings.optimizer, self.module.parameters())
        self.batches = self._batches(train)
        self.steps, self.ended = self._length()
        self.step = self.epoch = self.best_step = self.waited = 0
        self.best: float | None = None
        self.seconds = 0.0

    def _batches(self, examples: Examples) -> Batches:
        size = self.settings.batch_size
        tokens = None if size else self.settings.batch_tokens
        return Batches(examples.lengths, size, tokens, self.settings.seed, examples.parts)

    def _length(self) -> tuple[int, str]:
        """How many updates there will be, and what ends them."""
        if self.settings.epochs is None:
            return self.settings.steps, "steps"
        found = 0
        for epoch in range(self.settings.epochs):
            found += len(self.batches.epoch(epoch))
            if found >= self.settings.steps:
                return self.settings.steps, "steps"
        return found, "epochs"

    def _order(self) -> Iterator[Rows]:
        """The rows of each batch, epoch after epoch."""
        for number in count():
            self.epoch = number + 1
            yield from self.batches.epoch(number)

    # -- running ----------------------------------------------------------------------

    def run(self) -> None:
        """Train to the end, and keep the best and the last weights.

        Raises:
            TrainingError: the loss is not a finite number any more.
        """
        self.began = time.perf_counter()
        window = Window(self.began)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.settings.seed)
            try:
                for rows in islice(self._order(), self.steps):
                    window = self._advance(rows, window)
                    if self.settings.patience and self.waited >= self.settings.patience:
                        self.ended = "patience"
                        break
            except (KeyboardInterrupt, SystemExit):
                self.ended = "stopped"
                self._keep_last()
                raise
            except TrainingError:
                # The last weights are worth nothing; the best ones stay.
                self.ended = "failed"
                raise
            finally:
                self.seconds = time.perf_counter() - self.began
        self._keep_last()

    def _advance(self, rows: Rows, window: Window) -> Window:
        """One update, and what follows it; the window to go on with."""
        rate = rate_at(
            self.settings.schedule, self.settings.optimizer.rate, self.step + 1, self.steps
        )
        window.add(*self._update(rows, rate))
        self.step += 1
        now = time.perf_counter()
        spent = now - self.began
        progress = Progress(
            self.step, self.steps, self.epoch, window.loss, rate,
            tokens_per_second=window.count / max(now - window.began, 1e-9),
            seconds=spent,
            seconds_left=spent / self.step * (self.steps - self.step),
            best=self.best,
        )  # fmt: skip
        ends = self.step == self.steps
        dev_loss = None
        if self.step % self.settings.validate_every == 0 or ends:
            dev_loss = self._validate()
        logged = ends or dev_loss is not None or self.step % LOGGED_EVERY == 0
        progress = replace(progress, dev_loss=dev_loss, best=self.best, logged=logged)
        self.report(progress)
        if not logged:
            return window
        self.folder.log(progress.to_json())
        return Window(time.perf_counter())

    def _update(self, rows: Rows, rate: float) -> tuple[float, int]:
        """One step down the gradient: the loss of the batch as a sum, and its places."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.module.train()
        total = self._total(self.train, rows, self.loss)
        found = total.sum.item()
        if not math.isfinite(found):
            raise self._not_finite("loss", found, rows)
        self.optimizer.zero_grad(set_to_none=True)
        (total.sum / max(total.places, 1)).backward()  # type: ignore[no-untyped-call]
        if self.settings.clip is not None:
            norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
            if not torch.isfinite(norm):
                raise self._not_finite("gradient", norm.item(), rows)
        self.optimizer.step()
        return found, total.places

    def _total(self, examples: Examples, rows: Rows, loss: Loss) -> Total:
        batch = self.feed([examples.rows[int(row)] for row in rows])
        found = self.module(*batch.inputs)
        return loss(self._named(found), batch.target, batch.lengths)

    def _named(self, found: Tensor | Outputs) -> Outputs:
        if isinstance(found, dict):
            return found
        return {"logits" if self.model.vocabularies.get("target") else "frames": found}

    def _not_finite(self, what: str, value: float, rows: Rows) -> TrainingError:
        places = sorted(
            ((p.file, p.line) for row in rows for p in [self.train.places[int(row)]]),
        )
        lines = [f"  {file}:{line}" for file, line in places[:LINES_SHOWN]]
        if len(places) > LINES_SHOWN:
            lines.append(f"  and {len(places) - LINES_SHOWN} more")
        return TrainingError(
            f"the {what} of step {self.step + 1} is {value}; the lines of its batch:\n"
            + "\n".join(lines)
            + "\nTry a lower train.optimizer.rate, a longer warmup, or a smaller train.clip."
        )

    # -- keeping ----------------------------------------------------------------------

    def _validate(self) -> float | None:
        """The development loss; the best weights are kept."""
        if self.dev is None:
            return None
        self.module.eval()
        sum, places = 0.0, 0
        with torch.no_grad():
            for rows in self._batches(self.dev).in_order():
                total = self._total(self.dev, rows, self.dev_loss)
                sum, places = sum + total.sum.item(), places + total.places
        found = sum / max(places, 1)
        if not math.isfinite(found):
            raise TrainingError(f"the development loss after step {self.step} is {found}")
        if self.best is None or found < self.best:
            self.best, self.best_step, self.waited = found, self.step, 0
            self._keep("best")
        else:
            self.waited += 1
        return found

    def _keep_last(self) -> None:
        self._keep("last")
        if self.best is None:
            self.best_step = self.step
            self._keep("best")

    def _keep(self, name: str) -> None:
        about = {"step": self.step, "dev_loss": self.best if name == "best" else None}
        self.folder.write_weights(name, self.module.state_dict(), about)
