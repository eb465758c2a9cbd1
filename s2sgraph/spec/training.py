"""Training: optimizer, schedule and how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from s2sgraph.spec.attention_losses import CoverageLoss, GuidedAlignment
from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.distillation import Distillation
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.evaluation import Evaluate
from s2sgraph.spec.fields import Positive, Rate, Size
from s2sgraph.spec.kinds import Chosen, Kind, kinds
from s2sgraph.spec.messages import did_you_mean
from s2sgraph.spec.scheduled_sampling import ScheduledSampling

Share = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Logger = Literal["tensorboard", "wandb", "mlflow"]


class Optimizer(Kind, family="optimizer"):
    """How weights follow their gradients; `rate` is the learning rate at its highest."""

    rate: Positive = 1e-3


class Adam(Optimizer, kind="adam"):
    """Adam (Kingma and Ba 2015).

    Attributes:
        betas: how much of the means of the gradient and of its square is kept at each step.
        epsilon: added to the root of the mean square.
    """

    betas: Annotated[tuple[Share, Share], Field(strict=False)] = (0.9, 0.999)
    epsilon: Positive = 1e-8


class AdamW(Adam, kind="adamw"):
    """Adam with weight decay that does not go through the gradient (Loshchilov and Hutter 2019).

    Attributes:
        weight_decay: share of the weights taken off at each step, times the rate.
    """

    weight_decay: NotNegative = 0.01


class Sgd(Optimizer, kind="sgd"):
    """Stochastic gradient descent.

    Attributes:
        momentum: share of the last change that is made again.
    """

    momentum: Share = 0.0


class Adafactor(Optimizer, kind="adafactor"):
    """Adafactor (Shazeer and Stern 2018), which keeps two vectors for each matrix of weights.

    The rate is the highest a step may be, relative to the weights; it falls with the square root
    of the step besides what the schedule says.

    Attributes:
        decay: how fast the mean of the squared gradient forgets: at step t, 1 - t ** decay.
        limit: a change whose root mean square is above this is scaled down to it.
        weight_decay: share of the weights taken off at each step, times the rate.
    """

    rate: Positive = 1e-2
    decay: Annotated[float, Field(lt=0, ge=-1)] = -0.8
    limit: Positive = 1.0
    weight_decay: NotNegative = 0.0


class Muon(AdamW, kind="muon"):
    """Muon for the matrices of products (Jordan 2024), AdamW for tables, biases and norms.

    Its steps are as large as AdamW's (Liu 2025), so that it takes the same rates.

    Attributes:
        momentum: how much of the sum of a matrix's gradients is kept at each step.
    """

    momentum: Share = 0.95


class Schedule(Kind, family="schedule"):
    """The learning rate over time; it rises in a line over the first `warmup` steps."""

    warmup: int = Field(default=0, ge=0)


class Constant(Schedule, kind="constant"):
    """The rate stays."""


class InverseSquareRoot(Schedule, kind="inverse_square_root"):
    """The rate falls with the square root of the step (Vaswani 2017)."""

    warmup: int = Field(default=4000, ge=1)


class Cosine(Schedule, kind="cosine"):
    """The rate falls to zero at the last step, along a cosine."""


class Linear(Schedule, kind="linear"):
    """The rate falls to zero at the last step, along a line."""


class Plateau(Schedule, kind="plateau"):
    """The rate stays, and falls when validations get no better.

    Attributes:
        factor: what the rate is multiplied by.
        patience: validations without improvement after which it falls.
    """

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Size = 2


class Average(Kind, family="average"):
    """Means of the weights over time, which are validated and kept in place of the weights."""


class Ema(Average, kind="ema"):
    """A mean that forgets: each step, `mean = decay * mean + (1 - decay) * weights`."""

    decay: Share = 0.999


class Newest(Average, kind="newest"):
    """The mean of the weights at the newest validations (checkpoint averaging, Vaswani 2017).

    Attributes:
        count: of how many validations.
    """

    count: Size = 5


class Train(Settings):
    """How to train.

    An update of the weights is made from the same rows on any number of processes.

    Attributes:
        optimizer: how weights follow their gradients.
        schedule: the learning rate over time.
        average: a mean of the weights to validate and keep in place of them.
        batch_tokens: most tokens (or frames) of a batch on its longest side, padding included.
        batch_size: sentences of a batch, in place of `batch_tokens`.
        accumulate: batches of one update.
        steps: updates of the weights after which training ends.
        epochs: passes over the data after which training ends, if that comes first.
        label_smoothing: share of the truth that is spread over the other symbols.
        r_drop: weight of what is added to the loss where two passes, with dropout drawn for each,
            predict differently (Liang 2021, alpha); null makes one pass.
        distillation: what is added to the loss for predicting otherwise than teachers do; who they
            are is said where training begins.
        coverage_loss: what is added to the loss for attending twice to a place.
        guided_alignment: what is added to the loss for attending elsewhere than alignments say.
        scheduled_sampling: how often the decoder reads what it predicts in place of the truth.
        clip: largest norm of the gradient; null does not clip.
        freeze: weights that stay as they are: paths such as `encoder`, or patterns with `*`.
        precision: 32 for float32; bf16 computes products in bfloat16 and keeps weights in float32.
        compile: whether torch.compile makes one program of the module.
        seed: of the weights, the order of the data and dropout.
        validate_every: steps between two validations.
        patience: validations without improvement after which training ends.
        save_every: steps between two checkpoints.
        keep: how many checkpoints are kept.
        log_every: steps between two lines of the log, where no validation comes first.
        loggers: programs that get the figures of the log too.
        evaluate: what is decoded at each validation.
        best_by: the figure that the best weights are chosen by: `loss`, or a metric.
    """

    optimizer: Annotated[Optimizer, Chosen("optimizer", "adamw")] = AdamW()
    schedule: Annotated[Schedule, Chosen("schedule", "constant")] = Constant()
    average: Annotated[Average, Chosen("average")] | None = None
    batch_tokens: Size = 4096
    batch_size: Size | None = None
    accumulate: Size = 1
    steps: Size = 2000
    epochs: Size | None = None
    label_smoothing: Rate = 0.0
    r_drop: Positive | None = None
    distillation: Distillation | None = None
    coverage_loss: CoverageLoss | None = None
    guided_alignment: GuidedAlignment | None = None
    scheduled_sampling: Annotated[ScheduledSampling, Chosen("scheduled_sampling")] | None = None
    clip: Positive | None = 1.0
    freeze: Annotated[tuple[str, ...], Field(strict=False)] = ()
    precision: Literal[32, "bf16"] = 32
    compile: bool = False
    seed: int = Field(default=0, ge=0, lt=2**63)
    validate_every: Size = 500
    patience: Size | None = None
    save_every: Size = 500
    keep: Size = 2
    log_every: Size = 50
    loggers: Annotated[tuple[Logger, ...], Field(strict=False)] = ()
    evaluate: Evaluate = Evaluate()
    best_by: str = "loss"

    @rule("schedule", "steps")
    def _warm_before_the_end(self) -> Iterator[Problem]:
        if isinstance(self.schedule, Cosine | Linear) and self.schedule.warmup >= self.steps:
            message = f"warmup takes all {self.steps} steps, so the rate never falls"
            yield Problem(("schedule", "warmup"), message, "warm up for fewer steps")

    @rule("evaluate", "best_by")
    def _best_by_a_figure(self) -> Iterator[Problem]:
        if self.best_by == "loss":
            return
        known = {*kinds("metric"), *(getattr(m, "label", "") for m in self.evaluate.metrics or ())}
        if self.best_by not in known:
            hint = did_you_mean(self.best_by, known) or "write loss, or the name of a metric"
            yield Problem(("best_by",), f"no metric is called {self.best_by}", hint)
        elif not self.evaluate.sentences:
            message = f"{self.best_by} needs sentences that are decoded, and there are none"
            yield Problem(("best_by",), message, "write evaluate: {sentences: 500}")
