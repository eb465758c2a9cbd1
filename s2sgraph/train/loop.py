"""The loop: updates, validations, what is logged and kept, and how it stops."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch

from s2sgraph.data import Batches
from s2sgraph.model import Model
from s2sgraph.spec.training import Plateau, Train
from s2sgraph.train.batch_loss import BatchLoss
from s2sgraph.train.checkpoints import Checkpoint, Checkpoints
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.evaluating import Development
from s2sgraph.train.examples import Examples
from s2sgraph.train.exhibits import Exhibits
from s2sgraph.train.folder import Folder
from s2sgraph.train.loggers import Loggers
from s2sgraph.train.loss import loss_of
from s2sgraph.train.optimizing import rate_at
from s2sgraph.train.order import Order
from s2sgraph.train.processes import Processes
from s2sgraph.train.reports import Progress, Report
from s2sgraph.train.signals import InterruptionError, Signals
from s2sgraph.train.state import State
from s2sgraph.train.updating import Updater
from s2sgraph.train.validating import Figures, Validation


class Loop:
    """Trains one module until it is over.

    Attributes:
        state: where training stands.
        ended: what ended it: `steps`, `epochs`, `patience`, `stopped` or `failed`.
    """

    def __init__(
        self,
        model: Model,
        train: Examples,
        dev: Development | None,
        folder: Folder,
        processes: Processes,
        *,
        weights: Any = None,
        report: Report,
    ) -> None:
        self.settings: Train = model.spec.train
        self.folder, self.processes, self.report = folder, processes, report
        self.checkpoints = Checkpoints(folder.path / "checkpoints", self.settings.keep)
        self.updater = Updater(model, train, weights, processes)
        self.order = Order(self._batches(train), self.settings.accumulate)
        self.validation = self._validation(model, dev) if dev else None
        self.exhibits = Exhibits(model, folder.path, dev.evaluator if dev else None)
        self.steps = self.order.steps(self.settings.steps, self.settings.epochs)
        self.state = State()
        self.ended = ""
        self.signals = Signals()
        self.loggers = Loggers(self.settings.loggers, folder.path, processes.first)
        self._saved: tuple[int, int] | None = None
        self._since = time.perf_counter()
        self._began = self._window = self._since, 0

    def _batches(self, examples: Examples) -> Batches:
        size = self.settings.batch_size
        tokens = None if size else self.settings.batch_tokens
        return Batches(examples.lengths, size, tokens, self.settings.seed, examples.parts)

    def _validation(self, model: Model, dev: Development) -> Validation:
        # Without smoothing, so that losses compare between settings.
        loss = BatchLoss(model, dev.examples, loss_of(model), self.processes)
        return Validation(loss, self._batches(dev.examples), self.processes, dev.evaluator)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same run."""
        self.updater.restore(checkpoint)
        self.state = checkpoint.state.seen_by(self.processes.rank, self.processes.count)
        self._saved = (self.state.step, self.state.followed)
        if self.processes.first:
            self.folder.cut_log(self.state.log)

    # -- running ----------------------------------------------------------------------

    def run(self) -> None:
        """Train to the end, and keep the best and the last weights.

        Raises:
            TrainingError: a value is not finite any more; the last checkpoint stays.
            KeyboardInterrupt, SystemExit: a signal asked for an end; all is kept.
        """
        asked = 0
        now = time.perf_counter()
        self._began, self._window = (now, self.state.step), (now, self.state.count)
        with torch.random.fork_rng(devices=[]), self.signals.listening():
            try:
                if asked := self._advance():
                    self._stop()
                else:
                    self._keep_last()
            except (KeyboardInterrupt, SystemExit):
                self._stop()
                raise
            except TrainingError:
                self.ended = "failed"
                raise
            except OSError as error:
                self.ended = "failed"
                message = f"{self.folder.path} cannot be written: {error.strerror or error}"
                raise TrainingError(f"{message}; the checkpoint before stays") from None
            finally:
                self._clock()
                self.loggers.close()
        if asked:
            self.signals.deliver(asked)

    def _advance(self) -> int:
        """Train until it is over, or a signal comes; its number, or 0."""
        while True:
            try:
                if self.state.followed < self.state.step:
                    self._follow()
            except InterruptionError:
                return self.signals.number
            if ended := self._over():
                self.ended = ended
                return 0
            if asked := self.processes.agree(self.signals.number):
                return asked
            self._update()

    def _over(self) -> str:
        """What has ended training; nothing if it goes on."""
        state, settings = self.state, self.settings
        if state.step >= self.steps:
            return "steps" if self.steps == settings.steps else "epochs"
        if settings.patience and state.waited >= settings.patience:
            return "patience"
        return ""

    def _update(self) -> None:
        """One update of the weights; the state moves on only with it."""
        after = replace(self.state)
        update = self.order.take(after)
        after.step += 1
        found, places = self.updater.update(update, after.step, self._rate(after.step))
        after.sum, after.count = after.sum + found.pop("loss"), after.count + places
        after.auxiliary = {name: after.auxiliary.get(name, 0.0) + found[name] for name in found}
        self.state = after

    def _rate(self, step: int) -> float:
        settings = self.settings
        highest, falls = settings.optimizer.rate, self.state.falls
        return rate_at(settings.schedule, highest, step, self.steps, falls)

    # -- what follows an update -------------------------------------------------------

    def _follow(self) -> None:
        """Validate, log, save and report what is due.

        After an InterruptionError the state is as it was.
        """
        state = self.state
        ends = state.step >= self.steps
        rate = self._rate(state.step)  # a validation may let it fall for the next update
        figures: Figures = {}
        if self.validation and (state.step % self.settings.validate_every == 0 or ends):
            began = time.perf_counter()
            figures = self._validate(self.validation)
            self._pause(time.perf_counter() - began)
        logged = ends or bool(figures) or state.step % self.settings.log_every == 0
        progress = self._progress(figures, rate, logged)
        state.followed = state.step
        if logged:
            self._log(progress)
        if figures and self.validation and self.validation.latest:
            self.exhibits.validated(state.step, self.validation.latest, state.best_step)
        if state.step % self.settings.save_every == 0:
            self.save()
        self.report(progress)

    def _validate(self, validation: Validation) -> Figures:
        """The figures of the development data; the best weights are kept."""
        state, updater = self.state, self.updater
        # Several processes validate to the end, since each waits for the others' figures.
        alone = self.processes.count == 1
        with self.signals.interrupting() if alone else nullcontext():
            figures = validation(updater.product, state.step)
        if updater.average:
            updater.average.validated()
        if validation.better(figures, state.best):
            state.best, state.best_step = figures[validation.best_by], state.step
            state.waited = state.stayed = 0
            self._keep("best")
        else:
            state.waited, state.stayed = state.waited + 1, state.stayed + 1
        schedule = self.settings.schedule
        if isinstance(schedule, Plateau) and state.stayed >= schedule.patience:
            state.falls, state.stayed = state.falls + 1, 0
        return figures

    def _progress(self, figures: Figures, rate: float, logged: bool) -> Progress:
        state, now = self.state, time.perf_counter()
        # Between lines of the log this process's own loss stands for that of all.
        sums = [state.sum, *state.auxiliary.values()]
        every = self.processes.sum(sums) if logged else [s * self.processes.count for s in sums]
        loss, *auxiliary = (total / max(state.count, 1) for total in every)
        (began, step), (opened, before) = self._began, self._window
        left = (now - began) / max(state.step - step, 1) * (self.steps - state.step)
        return Progress(
            state.step, self.steps, state.epoch + 1, loss, rate,
            auxiliary=dict(zip(state.auxiliary, auxiliary, strict=True)),
            tokens_per_second=(state.count - before) / max(now - opened, 1e-9),
            seconds=state.seconds + now - self._since, seconds_left=left,
            figures=figures, best=state.best, logged=logged,
        )  # fmt: skip

    def _pause(self, seconds: float) -> None:
        """Leave a time out of the speed, which is that of training."""
        opened, before = self._window
        self._window = opened + seconds, before

    def _log(self, progress: Progress) -> None:
        self.state.sum, self.state.auxiliary, self.state.count = 0.0, {}, 0
        self._window = time.perf_counter(), 0
        if self.processes.first:
            line = progress.to_json()
            self.folder.log(line)
            self.loggers(line)

    # -- keeping ----------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint of the state as it is."""
        self._clock()
        self.state.sums = self.processes.gather(self.state.sum)
        auxiliary = self.state.auxiliary.items()
        self.state.auxiliaries = {name: self.processes.gather(value) for name, value in auxiliary}
        if self.processes.first:
            self.state.log = self.folder.keep_log()
            self.checkpoints.save(self.updater.checkpoint(self.state))
        self._saved = (self.state.step, self.state.followed)
        self.processes.wait()

    def _clock(self) -> None:
        """Add the time since this was last done."""
        now = time.perf_counter()
        self.state.seconds += now - self._since
        self._since = now

    def _stop(self) -> None:
        self.ended = "stopped"
        self._keep_last()

    def _keep_last(self) -> None:
        if self._saved != (self.state.step, self.state.followed):
            self.save()
        self._keep("last")
        if self.state.best is None:
            self.state.best_step = self.state.step
            self._keep("best")

    def _keep(self, name: str) -> None:
        if self.processes.first:
            state = self.state
            best = state.best if name == "best" else None
            about = {"step": state.step, f"dev_{self.settings.best_by}": best}
            self.folder.write_weights(name, self.updater.product.state_dict(), about)
