"""Several models as one: their predictions are averaged at every step, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from s2sgraph.exporting import ExportError
from s2sgraph.graph import trace
from s2sgraph.graph.ops import add, exp, log, maximum, mul
from s2sgraph.graph.values import Value
from s2sgraph.layers.copying import LEAST
from s2sgraph.model.lexicon import Lexicon
from s2sgraph.model.model import Model
from s2sgraph.model.recording import DEFAULT_INPUTS, Recording
from s2sgraph.model.traces import Tracing
from s2sgraph.search.rules import normalised
from s2sgraph.weights import Weights

Mean = Literal["probabilities", "log-probabilities"]


def member(number: int) -> str:
    """What the weights of a member begin with, counted from 1."""
    return f"member_{number}"


class Ensemble(Model):
    """Models of one vocabulary that predict together.

    Everything else is that of the first: its search, its limits, its outputs.

    Attributes:
        models: the members.
        mean: whether the mean is of probabilities, or of their logarithms (and made to add up to
            one again).
    """

    def __init__(self, models: Sequence[Model], mean: Mean = "probabilities") -> None:
        """Check that the models fit together.

        Raises:
            ExportError: they do not; names what differs.
        """
        _check(models)
        self.models, self.mean = tuple(models), mean
        super().__init__(models[0].spec)

    def tracing(
        self,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = DEFAULT_INPUTS,
        *,
        hard: bool = False,
        lexicon: Lexicon | None = None,
    ) -> Tracing:
        """As of a single model; outputs are those of the first."""
        first = super().tracing(outputs, inputs, hard=hard, lexicon=lexicon)
        others = [model.tracing((), (), hard=hard) for model in self.models[1:]]
        return Together(
            **{key: getattr(first, key) for key in first.__dataclass_fields__},
            others=tuple(replace(other, outputs={}) for other in others),
            mean=self.mean,
        )

    def together(self, members: Sequence[Mapping[str, Any]]) -> Weights:
        """The weights of all members under the names that they have here."""
        return {
            f"{member(number)}.{path}": array
            for number, (model, given) in enumerate(zip(self.models, members, strict=True), 1)
            for path, array in model.fitted(given).items()
        }


@dataclass
class Together(Tracing):
    """Traces the graphs of an ensemble.

    Attributes:
        others: the tracers of the members after the first.
        mean: see `Ensemble`.
    """

    others: tuple[Tracing, ...] = ()
    mean: Mean = "probabilities"

    def record(self, given: dict[str, Value]) -> Recording:
        """The encoders of all members traced."""
        return Assembly(self, given)


@dataclass
class Assembly(Recording):
    """The encoders of all members, and their decoders to be traced.

    Attributes:
        others: the recordings of the members after the first.
    """

    others: list[Recording] = field(init=False)

    def __post_init__(self) -> None:
        with trace.member(member(1)):
            super().__post_init__()
        assert isinstance(self.plan, Together)
        self.others = []
        for number, plan in enumerate(self.plan.others, 2):
            with trace.member(member(number)):
                self.others.append(plan.record(self.given))

    def decode(self, before: Value) -> dict[str, Value]:
        """Trace all decoders on what came before: the mean of what they say."""
        with trace.member(member(1)):
            chances = [super().chances(super().decode(before)["logits"])]
        for number, other in enumerate(self.others, 2):
            with trace.member(member(number)):
                chances.append(other.chances(other.decode(before)["logits"]))
        assert isinstance(self.plan, Together)
        if self.plan.mean == "log-probabilities":
            return {"logits": _mean(chances)}
        mean = log(maximum(_mean([exp(chance) for chance in chances]), LEAST))
        # A mean of nothing is LEAST by now: what is hidden from all members is hidden again.
        if self.shortlist:
            mean = mean + self.shortlist.hidden
        words = self.tracer.words
        return {"logits": mean if words is None else words.within_reach(mean)}

    def chances(self, logits: Value) -> Value:
        """Log-probabilities from their mean, which is that already if it is of probabilities."""
        assert isinstance(self.plan, Together)
        return logits if self.plan.mean == "probabilities" else normalised(logits)

    def attention(self) -> Value:
        """The mean of the attention of all members; see `Recording.attention`."""
        return _mean([super().attention(), *(other.attention() for other in self.others)])


def _mean(values: Sequence[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = add(total, value)
    return mul(total, 1 / len(values))


def _check(models: Sequence[Model]) -> None:
    """Whether models can be one.

    Raises:
        ExportError: they read or write differently.
    """
    first, *others = models
    if "target" not in first.vocabularies:
        raise ExportError("an ensemble is of models that write symbols; these write features")
    for number, model in enumerate(others, 2):
        if model.layers.copied != first.layers.copied:
            raise ExportError(
                f"of models {number}, {model.spec.name}, and the first, {first.spec.name}, one "
                "copies words of the source; all models of an ensemble copy, or none"
            )
        for what in ("source", "target", "special", "steps"):
            if what in ("source", "target") and _side(first, what) == _side(model, what):
                continue
            if getattr(first.spec, what) != getattr(model.spec, what):
                raise ExportError(
                    f"model {number}, {model.spec.name}, has another {what} than the first, "
                    f"{first.spec.name}; the models of an ensemble read and write the same symbols"
                )


def _side(model: Model, what: str) -> Any:
    """What a side means, whatever file it is read from."""
    side = getattr(model.spec, what)
    table = model.vocabularies.get(what)
    if table is None:
        return side
    return table.to_json(), getattr(side, "length", None)
