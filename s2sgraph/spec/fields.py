"""Types of single settings."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from s2sgraph.spec.errors import Problem
from s2sgraph.spec.messages import did_you_mean, invalid, problem_of, refuse, shown
from s2sgraph.spec.references import PATTERN, Reference, read_reference

RESERVED = frozenset(
    {"input", "below", "prev", "encoder", "encoders", "decoder", "source", "target", "steps"}
    | {"memory", "final", "mean", "here", "last", "cell", "weights", "forward", "backward"}
    | {"zeros", "learned"}
)
"""Words of references, which no layer may be called."""

_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"


def read_name(value: Any) -> str:
    """A name, refused in plain words when it is none or has a meaning already."""
    if (
        not isinstance(value, str)
        or not re.fullmatch(_NAME, value, re.ASCII)
        or value.endswith("\n")
    ):
        form = "a name of letters, digits and _ that begins with a letter"
        raise refuse(f"expected {form}, not {shown(value)}")
    if value in RESERVED:
        raise refuse(f"{value} has a meaning of its own in references", "choose another name")
    return value


def read_filename(value: Any) -> str:
    """The name of a file, refused in plain words; addresses are refused too."""
    if not isinstance(value, str) or not value.strip():
        raise refuse(f"expected the name of a file, not {shown(value)}")
    if not value.isprintable() or len(value) > 1000:
        raise refuse(f"{shown(value)} cannot be the name of a file")
    if "://" in value:
        raise refuse("a spec opens no addresses", "download it and name the file")
    return value


def read_inputs(value: Any) -> tuple[Reference, ...]:
    """One reference or a list of them, as a tuple."""
    if not isinstance(value, list | tuple):
        return (read_reference(value),)
    if not value:
        raise refuse("expected a reference or a list of them; the list is empty")
    problems: list[Problem] = []
    references: list[Reference] = []
    for index, item in enumerate(value):
        try:
            references.append(read_reference(item))
        except PydanticCustomError as error:
            problems.append(problem_of(error, index))
    if problems:
        raise invalid("references", problems)
    return tuple(references)


def _residual(value: Any) -> bool | str:
    if isinstance(value, bool) or (isinstance(value, str) and value in {"pre", "post"}):
        return value
    hint = did_you_mean(value, ["true", "false", "pre", "post"])
    raise refuse(f"expected true, false, pre or post, not {shown(value)}", hint)


_REFERENCE = {"type": "string", "pattern": PATTERN}
INPUTS = {"anyOf": [_REFERENCE, {"type": "array", "items": _REFERENCE, "minItems": 1}]}
"""JSON Schema of inputs."""

Name = Annotated[
    str, PlainValidator(read_name), WithJsonSchema({"type": "string", "pattern": _NAME})
]
"""The name of a layer, block, source or step value."""

Filename = Annotated[
    str, PlainValidator(read_filename), WithJsonSchema({"type": "string", "minLength": 1})
]
"""A file, read from the folder of the spec. Only sides and `data` have such settings."""

Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A number of features, symbols, heads, layers or places."""

Rate = Annotated[float, Field(ge=0, lt=1)]
"""A share, such as the dropout rate."""

Positive = Annotated[float, Field(gt=0)]
"""A number above 0."""

Activation = Literal["none", "tanh", "relu", "sigmoid", "gelu", "swish"]
"""An elementwise function after a dense product."""

Inputs = Annotated[
    tuple[Reference, ...],
    PlainValidator(read_inputs),
    WithJsonSchema(INPUTS),
]
"""One reference or a list of them, which is concatenated."""

Residual = Annotated[
    Literal[False, True, "pre", "post"],
    PlainValidator(_residual),
    WithJsonSchema({"enum": [False, True, "pre", "post"]}),
]
"""`true`: x + f(x); `pre`: x + f(norm(x)); `post`: norm(x + f(x))."""

Norm = Literal["layer_norm", "rms_norm"]
"""The normalisation of a residual `pre` or `post`."""
