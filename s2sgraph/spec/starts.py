"""Starts: what a state, or a value that `prev.` names, is before the decoder's first step."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import Activation, Inputs
from s2sgraph.spec.messages import did_you_mean, invalid, refuse, shown
from s2sgraph.spec.references import PATTERN, Reference, read_reference


class ZeroStart(Settings):
    """`zeros`: all zero."""


class LearnedStart(Settings):
    """`learned`: a weight, equal for every sentence."""


class CopyStart(Settings):
    """`REF`: the value itself; states go layer by layer, directions are concatenated."""

    reference: Reference


class DenseStart(Settings):
    """`{dense: REF, activation: tanh}`: a product per layer and state, each of its counterpart."""

    dense: Inputs
    activation: Activation = "none"


class LastStart(Settings):
    """`{last: REF}`: the state of the top layer, for every layer."""

    last: Reference


class MeanStart(Settings):
    """`{mean: REF, activation: tanh}`: the mean over all positions, through a product per state."""

    mean: Reference
    activation: Activation = "none"


StartKind = ZeroStart | LearnedStart | CopyStart | DenseStart | LastStart | MeanStart

_FORMS: dict[str, type[DenseStart | LastStart | MeanStart]] = {
    "dense": DenseStart,
    "last": LastStart,
    "mean": MeanStart,
}
_EXPECTED = "zeros, learned, a reference, or a mapping with dense, last or mean"


def read_start(value: Any) -> StartKind:
    """A start from its spelling in a spec."""
    if isinstance(value, StartKind):
        return value
    if value == "zeros":
        return ZeroStart()
    if value == "learned":
        return LearnedStart()
    if isinstance(value, dict):
        for key, form in _FORMS.items():
            if key in value:
                return form.model_validate(value)
        raise _no_form(value)
    if isinstance(value, str | Reference):
        return CopyStart(reference=read_reference(value))
    raise refuse(f"expected {_EXPECTED}, not {shown(value)}")


def _no_form(value: dict[str, Any]) -> Exception:
    """The error for a mapping without any of the keys that make a start."""
    unknown = [key for key in value if key != "activation"][:8]
    problems = [
        Problem((key,), f"unknown key {shown(key)}", did_you_mean(key, _FORMS), at_key=True)
        for key in unknown
    ]
    return invalid("start", [Problem((), f"expected {_EXPECTED}"), *problems])


def _schema() -> dict[str, Any]:
    reference = {"type": "string", "pattern": PATTERN}
    return {"anyOf": [reference, *(form.model_json_schema() for form in _FORMS.values())]}


Start = Annotated[StartKind, PlainValidator(read_start), WithJsonSchema(_schema())]
"""What comes before the first step; zeros unless said otherwise."""
