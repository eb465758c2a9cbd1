"""Evaluating by torch: a module that decodes, behind the session that also runs files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2sgraph.data import Corpus, Row
from s2sgraph.evaluating import Evaluation, evaluate, questions, read_rows
from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.measuring import Evidence, check, default_metrics, measure
from s2sgraph.metrics.metric import LikelihoodMetric, Metric
from s2sgraph.metrics.samples import FrameSample, Likelihood, Text, TextSample
from s2sgraph.model import Model, compile
from s2sgraph.runtime import Session
from s2sgraph.runtime.contract import read_contract
from s2sgraph.spec import Problem, Spec, load
from s2sgraph.spec.kinds import choose
from s2sgraph.spec.sides import FeatureTarget
from s2sgraph.train.examples import Examples


class ModuleEngine:
    """Runs a graph of a model by torch, in place of onnxruntime and a file.

    Args:
        model: what to run.
        weights: as `Model.to_torch` takes them; None until `take` gives some.
        outputs: references of further outputs.
        graph: `decode` or `score`.
    """

    def __init__(
        self,
        model: Model,
        weights: Any = None,
        outputs: Sequence[str] = (),
        graph: str = "decode",
    ) -> None:
        self.model, self.outputs, self.graph = model, outputs, graph
        self.names = [given.name for given in model.inputs(graph, outputs)]
        self.module: nn.Module = model.to_torch(graph=graph, weights=weights, outputs=outputs)
        self.module.eval()

    @property
    def session(self) -> Session:
        """A session over it: what is true of a file of the model is true of that."""
        metadata = self.model.metadata(self.graph, {}, self.model.tracing(self.outputs))
        return Session.over(self, read_contract(metadata), self.model.spec.name)

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Decode with these weights by path from now on, on the device where they are."""
        own = dict(self.module.named_parameters())
        self.module.to(next(iter(weights.values())).device)
        with torch.no_grad():
            for path, weight in own.items():
                weight.copy_(weights[path])

    def run(self, names: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
        """The outputs of these names, for arrays by name."""
        device = next(self.module.parameters()).device
        tensors = [torch.tensor(inputs[name], device=device) for name in self.names]
        with torch.inference_mode():
            found = self.module(*tensors)
        outputs = found if isinstance(found, dict) else {names[0]: found}
        return [np.asarray(outputs[name].cpu()) for name in names]


def session_of_run(folder: Path, graph: str = "decode") -> Session:
    """A session over the best weights of a run folder, to decode or to score.

    Raises:
        SpecError: the folder's spec is no model.
        WeightError: its weights are not those of the model.
    """
    model = compile(load(folder / "spec.yaml"))
    return ModuleEngine(model, folder / "best.safetensors", graph=graph).session


class Evaluator:
    """Decodes development sources while a model trains, and judges the answers.

    Nothing is read or built before the first answers are wanted.

    Args:
        model: what is trained.
        rows: gives the development rows.

    Attributes:
        metrics: what they are judged by.
        best_by: what the best weights are chosen by.
    """

    def __init__(self, model: Model, rows: Callable[[], Sequence[Row]]) -> None:
        """Choose the metrics; SpecError as `chosen_metrics` raises."""
        self.model, self._read = model, rows
        self.metrics, self.best_by = chosen_metrics(model.spec)

    @cached_property
    def engine(self) -> ModuleEngine:
        """What decodes."""
        return ModuleEngine(self.model)

    @cached_property
    def session(self) -> Session:
        """The session over it."""
        return self.engine.session

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of as many sources as the spec says, spread evenly over the data."""
        most = self.model.spec.train.evaluate.sentences
        if not most:
            return []
        rows = self._read()
        asked = questions(self.session.contract, rows)
        kept = [asked[n * len(asked) // most] for n in range(most)] if len(asked) > most else asked
        return [rows[number] for question in kept for number in question.rows]

    def __call__(self, weights: Mapping[str, Tensor], likelihood: Likelihood) -> Evaluation:
        """The answers of a model with these weights by path, and their figures.

        `likelihood` is that of all development targets as they are given.
        """
        if not self.rows:
            return Evaluation((), (), measure(self.metrics, Evidence(likelihood=likelihood)), 0.0)
        self.engine.take(weights)
        return evaluate(self.session, self.rows, self.metrics, likelihood=likelihood)


@dataclass(frozen=True)
class Development:
    """The development data: rows as a model reads them, and how its answers are judged."""

    examples: Examples
    evaluator: Evaluator

    @classmethod
    def of(cls, model: Model, files: Corpus, examples: Examples) -> Development:
        """Of the files that the examples were made from."""
        return cls(examples, Evaluator(model, lambda: _raw_rows(files, examples)))


def _raw_rows(files: Corpus, dev: Examples) -> list[Row]:
    """The rows of files as they stand there, those that the examples made from them have."""
    read = read_rows(files)
    kept = {(place.file, place.line) for place in dev.places}
    pairs = zip(read.rows, read.places, strict=True)
    return [row for row, place in pairs if (place.file, place.line) in kept]


def chosen_metrics(spec: Spec) -> tuple[tuple[Metric, ...], Metric]:
    """The metrics of a validation, and the one of them by which the best weights are chosen.

    Raises:
        SpecError: a metric does not fit the target, or its library is not installed.
    """
    target = "frames" if isinstance(spec.target, FeatureTarget) else spec.target.tokens
    settings = spec.train
    given = settings.evaluate.metrics
    metrics = [m for m in given or () if isinstance(m, Metric)]
    if given is None:
        metrics = [*default_metrics(target)]
    if not settings.evaluate.sentences:
        metrics = [metric for metric in metrics if isinstance(metric, LikelihoodMetric)]
    best: Metric | None = next((m for m in metrics if m.label == settings.best_by), None)
    if best is None:
        best = cast(Metric, choose("metric", settings.best_by))
        metrics.append(best)
    try:
        check(metrics, target)
        measure(metrics, _REHEARSAL)
    except MetricError as error:
        raise spec.error([Problem(("train", "evaluate"), str(error))]) from None
    return tuple(metrics), best


# What no metric can fail on but for its library: better before training than at its first pause.
_REHEARSAL = Evidence(
    [TextSample(Text("a", ("a",)), (Text("a", ("a",)),))],
    [FrameSample(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))],
    Likelihood(1.0, 1),
)


def check_evaluation(spec: Spec) -> None:
    """Whether the figures can be had that a spec chooses the best weights by.

    Raises:
        SpecError: a metric does not fit the target, its library is not installed, or there are
            no development data.
    """
    chosen_metrics(spec)
    if spec.data.dev is None and spec.train.best_by != "loss":
        message = f"{spec.train.best_by} is a figure of development data, and there are none"
        problem = Problem(("train", "best_by"), message, "write data: {dev: FILE}")
        raise spec.error([problem])
