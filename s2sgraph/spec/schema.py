"""The whole spec: its top-level keys and the rules between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, PrivateAttr, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from s2sgraph.spec import checks
from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.data import Data
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.errors import Problem, SpecError
from s2sgraph.spec.fields import INPUTS, Name, read_inputs, read_name
from s2sgraph.spec.items import Chain, read_chain
from s2sgraph.spec.kinds import Chosen, Kind, choose, references
from s2sgraph.spec.messages import invalid, problem_of, problems_of, refuse, shown
from s2sgraph.spec.overrides import override
from s2sgraph.spec.places import Places
from s2sgraph.spec.references import Reference
from s2sgraph.spec.sides import (
    FeatureSource,
    Special,
    StepValues,
    TargetSide,
    TokenSource,
    read_source,
)
from s2sgraph.spec.training import Train


def _named(value: Any, read: Callable[[Any], Any], what: str) -> dict[str, Any]:
    """A mapping from names to what `read` makes of each value; all problems at once."""
    if not isinstance(value, Mapping):
        raise refuse(f"expected a mapping from names to {what}, not {shown(value)}")
    problems: list[Problem] = []
    good: dict[str, Any] = {}
    for key, item in value.items():
        try:
            read_name(key)
        except PydanticCustomError as error:
            problems.append(problem_of(error, str(key), at_key=True))
        try:
            good[key] = read(item)
        except PydanticCustomError as error:
            problems.append(problem_of(error, str(key)))
        except ValidationError as error:
            problems += [problem.under(str(key)) for problem in problems_of(error)]
    if problems:
        raise invalid("mapping", problems)
    return good


def _source(value: Any) -> Any:
    """One side, or a mapping from names to sides when each value is a mapping."""
    several = isinstance(value, Mapping) and value and not {"tokens", "features"} & value.keys()
    if several and all(isinstance(side, Mapping | Settings) for side in value.values()):
        return _named(value, read_source, "sides")
    return read_source(value)


def _encoders(value: Any) -> dict[str, Any] | None:
    return None if value is None else _named(value, read_chain, "lists of layers")


def _steps(value: Any) -> dict[str, StepValues]:
    return _named(value, StepValues.model_validate, "values such as {features: 7}")


def _greedy() -> Kind:
    return choose("search", "greedy")


def _mapping(item: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": {"x-ref": f"{item}"},
        "minProperties": 1,
    }


Outputs = Annotated[
    tuple[Reference, ...],
    PlainValidator(lambda value: read_inputs(value) if value != [] else ()),
    WithJsonSchema({"anyOf": [INPUTS, {"type": "array", "maxItems": 0}]}),
]
Sources = Annotated[
    TokenSource | FeatureSource | dict[str, TokenSource | FeatureSource],
    PlainValidator(_source),
    WithJsonSchema({"anyOf": [{"x-ref": "source"}, _mapping("source")]}),
]
Encoders = Annotated[
    dict[str, Chain] | None,
    PlainValidator(_encoders),
    WithJsonSchema({"anyOf": [_mapping("chain"), {"type": "null"}]}),
]
Steps = Annotated[
    dict[str, StepValues],
    PlainValidator(_steps),
    WithJsonSchema({"type": "object", "additionalProperties": {"x-ref": "StepValues"}}),
]


class Spec(Settings):
    """A model: what goes in, what comes out, and the layers between.

    Attributes:
        name: what files and logs call the model.
        description: what it is good for, in a sentence or two.
        special: ids of the special symbols.
        source: what goes in; several sources by name.
        target: what comes out.
        encoder: the layers of the encoder.
        encoders: the layers of each encoder, by the name of its source.
        memory: the source whose encoder attention reads by default, when there are several.
        decoder: one step of the decoder.
        steps: values known in advance for every place of the target, by name.
        outputs: further values of the decoder that the model returns.
        search: how the target is searched for.
        data: files for training.
        train: how to train.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] = "model"
    description: Annotated[str, Field(max_length=2000)] = ""
    special: Special = Special()
    source: Sources
    target: TargetSide
    encoder: Chain | None = None
    encoders: Encoders = None
    memory: Name | None = None
    decoder: Chain
    steps: Steps = Field(default_factory=dict)
    outputs: Outputs = ()
    search: Annotated[Kind, Chosen("search", "greedy")] = Field(default_factory=_greedy)
    data: Data = Data()
    train: Train = Train()

    _places: Places = PrivateAttr(default_factory=Places)
    _data: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Equal when all settings are; places do not count."""
        if not isinstance(other, Spec):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    @property
    def places(self) -> Places:
        """Where the keys stand in the text the spec was read from."""
        return self._places

    def error(self, problems: Iterable[Problem]) -> SpecError:
        """An error of a later stage, whose key paths get their places in the text."""
        return SpecError(problems, self._places)

    def set(self, changes: Mapping[str, Any]) -> Self:
        """A new checked spec with other values, by key path: `{"train.steps": 10}`.

        A list entry is named by its number or the name of its layer, as in
        `decoder.state.size` or `decoder.2.dropout`.

        Raises:
            SpecError: a path leads nowhere, or the new spec is not valid.
        """
        data, places = override(self._data or plain(self), self._places, changes)
        return self.check(data, places)

    @classmethod
    def check(cls, data: Any, places: Places, problems: Sequence[Problem] = ()) -> Self:
        """A spec from plain values.

        Args:
            data: mappings, lists and scalars.
            places: where the keys stand.
            problems: what reading the text found.

        Raises:
            SpecError: the spec is not valid; holds `problems` too.
        """
        if not isinstance(data, dict):
            what = "a mapping with source, target, encoder and decoder"
            raise SpecError([*problems, Problem((), f"expected {what}, not {shown(data)}")], places)
        try:
            spec = cls.model_validate(data)
        except ValidationError as error:
            raise SpecError([*problems, *problems_of(error)], places) from None
        if problems:
            raise SpecError(problems, places)
        spec._places, spec._data = places, data
        return spec

    @rule("encoder", "encoders")
    def _one_encoder(self) -> Iterator[Problem]:
        if self.encoder is not None and self.encoders is not None:
            yield Problem(
                ("encoders",), "encoder and encoders are both given", "keep one of them", True
            )
        elif self.encoder is None and self.encoders is None and not isinstance(self.source, dict):
            yield Problem((), "missing: encoder is needed here", "it is a list of layers")

    @rule("source", "encoder", "encoders", "memory")
    def _each_source_is_encoded(self) -> Iterator[Problem]:
        if self.encoder is not None and isinstance(self.source, dict):
            message = "encoder is for one source; here are several"
            yield Problem(("encoder",), message, "write encoders, with one list for each", True)
        elif self.encoder is None and (self.encoders is not None or isinstance(self.source, dict)):
            yield from checks.sources_and_encoders(self.source, self.encoders, self.memory)
        elif self.memory is not None:
            yield from checks.sources_and_encoders(self.source, None, self.memory)

    @rule("encoder")
    def _encoder_layers(self) -> Iterator[Problem]:
        yield from checks.encoder_chains({("encoder",): self.encoder or ()})

    @rule("encoders")
    def _encoders_layers(self) -> Iterator[Problem]:
        chains = (self.encoders or {}).items()
        yield from checks.encoder_chains({("encoders", name): chain for name, chain in chains})

    @rule("decoder")
    def _decoder_layers(self) -> Iterator[Problem]:
        yield from checks.decoder_chain(self.decoder)

    @rule("decoder", "target")
    def _decoder_fits_the_target(self) -> Iterator[Problem]:
        yield from checks.decoder_and_target(self.decoder, self.target)

    @rule("source", "target")
    def _target_fits_the_source(self) -> Iterator[Problem]:
        yield from checks.source_and_target(self.source, self.target)

    @rule("steps", "target", "decoder")
    def _steps_fit(self) -> Iterator[Problem]:
        yield from checks.step_names(self.steps, self.target, self.decoder)

    @rule("special", "source", "target")
    def _special_ids_are_inside(self) -> Iterator[Problem]:
        yield from checks.special_ids(self.special, self.source, self.target)

    @rule("data", "source", "target", "steps")
    def _columns_are_inputs(self) -> Iterator[Problem]:
        yield from checks.data_columns(self.data, self.source, self.target, self.steps)

    @rule("source", "steps")
    def _names_are_free(self) -> Iterator[Problem]:
        yield from checks.data_names(self.source, self.steps)

    @rule("data", "train")
    def _alignments_are_there(self) -> Iterator[Problem]:
        yield from checks.alignments(self.data, self.train)

    @rule("train", "decoder", "target")
    def _what_is_sampled_has_chances(self) -> Iterator[Problem]:
        yield from checks.scheduled_sampling(self.train, self.decoder, self.target)

    @rule("train", "encoder", "encoders", "decoder", "target")
    def _passes_can_differ(self) -> Iterator[Problem]:
        chains = (self.encoder or (), *(self.encoders or {}).values(), self.decoder)
        yield from checks.r_drop(self.train, chains, self.target)

    @rule("train", "target")
    def _a_student_predicts_symbols(self) -> Iterator[Problem]:
        yield from checks.distillation(self.train, self.target)

    @rule("outputs")
    def _outputs_are_of_this_step(self) -> Iterator[Problem]:
        for path, reference in references(self.outputs, ("outputs",)):
            if reference.previous:
                yield Problem(
                    path, "an output is of this step, not of the one before", "remove prev."
                )
