"""Losses of the weights of an attention, which are added to the loss of the target."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.fields import Positive
from s2sgraph.spec.messages import refuse, shown
from s2sgraph.spec.references import PATTERN, Reference, read_reference


def _attention(value: object) -> Reference | None:
    """A layer by its name; nothing is the only attention that there is."""
    if value is None:
        return None
    if not isinstance(value, str | Reference):
        raise refuse(f"expected the name of an attention, such as context, not {shown(value)}")
    found = read_reference(value)
    if found.previous:
        hint = f"write {str(found).removeprefix('prev.')}"
        raise refuse("the weights of every step are looked at, so prev. means nothing here", hint)
    return found


AttentionName = Annotated[
    Reference | None,
    PlainValidator(_attention),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "null"}]}),
]
"""An attention of the decoder: `context`, or `block[2].attention` inside a block."""


class AttentionLoss(Settings):
    """A loss of the weights of one attention of the decoder.

    Attributes:
        weight: what it is multiplied by where it is added to the loss.
        attention: the attention whose weights are looked at; null is the only one there is.
    """

    weight: Positive = 1.0
    attention: AttentionName = None


class CoverageLoss(AttentionLoss):
    """Loss of attending to what steps before have attended to (See, Liu and Manning 2017, eq. 13).

    The weights of several heads count by their mean.
    """


class GuidedAlignment(AttentionLoss):
    """Cross entropy of attention with alignments that are given (Chen 2016, Garg 2019).

    Attributes:
        head: the head whose weights are looked at, from 0; null is the mean of all.
    """

    weight: Positive = 0.05
    head: Annotated[int, Field(ge=0)] | None = None
