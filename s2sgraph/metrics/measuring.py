"""Which figures a model has, and all of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import FrameMetric, LikelihoodMetric, Metric, TextMetric
from s2sgraph.metrics.samples import FrameSample, Likelihood, TextSample
from s2sgraph.spec.kinds import kinds

DEFAULTS: dict[str, tuple[str, ...]] = {
    "characters": ("sequence_accuracy", "cer"),
    "words": ("sequence_accuracy", "wer", "bleu"),
    "subwords": ("bleu", "chrf"),
    "ids": ("sequence_accuracy", "token_accuracy"),
    "frames": ("mse", "mae"),
}
"""The metrics of a target that nobody chose any for, by what the target consists of."""


@dataclass(frozen=True)
class Evidence:
    """What there is to judge a model by; empty where nothing was decoded or scored."""

    texts: Sequence[TextSample] = ()
    frames: Sequence[FrameSample] = ()
    likelihood: Likelihood | None = None


def default_metrics(target: str) -> tuple[Metric, ...]:
    """The metrics of a target of `characters`, `words`, `subwords`, `ids` or `frames`."""
    known = kinds("metric")
    found = [known[word].model_validate({}) for word in DEFAULTS[target]]
    return tuple(metric for metric in found if isinstance(metric, Metric))


def check(metrics: Sequence[Metric], target: str) -> None:
    """Whether a target has these figures, each under a name of its own.

    Raises:
        MetricError: names every metric that does not fit.
    """
    wrong = FrameMetric if target != "frames" else TextMetric
    has = "frames" if target == "frames" else f"symbols ({target})"
    problems = [
        f"{metric.label}: no figure of this target, which has {has}; "
        f"expected others, such as {', '.join(DEFAULTS[target])}"
        for metric in metrics
        if isinstance(metric, wrong) or (metric.word == "perplexity" and target == "frames")
    ]
    labels = Counter(metric.label for metric in metrics)
    problems += [
        f"{label}: {count} metrics have this name; give one of them another with `name`"
        for label, count in labels.items()
        if count > 1
    ]
    if problems:
        raise MetricError("\n".join(problems))


def measure(metrics: Sequence[Metric], evidence: Evidence) -> dict[str, Figure]:
    """The figure of each metric, by its label, in the order given."""
    found = {}
    for metric in metrics:
        if isinstance(metric, TextMetric):
            found[metric.label] = metric.figure(evidence.texts)
        elif isinstance(metric, FrameMetric):
            found[metric.label] = metric.figure(evidence.frames)
        elif isinstance(metric, LikelihoodMetric) and evidence.likelihood is not None:
            found[metric.label] = metric.figure(evidence.likelihood)
        else:
            raise MetricError(f"{metric.label}: nothing was scored that it could be of")
    return found
