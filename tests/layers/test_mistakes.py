"""Layers that do not fit each other: the error stands at the layer that cannot be built."""

from __future__ import annotations

import pytest

from s2sgraph.model import compile
from s2sgraph.spec import SpecError, loads

MODEL = """name: wrong
source: {tokens: ids, size: 11}
target: {tokens: ids, size: 11}
encoder: [{embedding: 16}, {lstm: 16}]
decoder:
"""


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (
            ["embedding: 16", "lstm: {name: s, size: 12, residual: true}"],
            "7:11: decoder[1].lstm: a residual connection adds equals",
        ),
        (
            ["embedding: 16", "self_attention: 3"],
            "7:21: decoder[1].self_attention: 16 features are not a multiple of 3 heads",
        ),
        (
            ["embedding: 16", "lstm: {name: s, size: 12, start: encoder.final}"],
            "7:11: decoder[1].lstm: the start has 12 features, encoder.final has 16",
        ),
        (
            ["embedding: 16", "lstm: {name: s, size: 16, layers: 2, start: encoder.final}"],
            "7:11: decoder[1].lstm: 1 cells cannot start 2",
        ),
        (
            ["embedding: {size: 16, first: encoder}", "gru: 16"],
            "6:16: decoder[0].embedding: one vector is needed, not a sequence",
        ),
    ],
    ids=["residual", "heads", "start", "cells", "first"],
)
def test_the_layer_is_named(decoder: list[str], message: str) -> None:
    text = MODEL + "".join(f"  - {item}\n" for item in [*decoder, "attention", "output"])
    with pytest.raises(SpecError) as caught:
        compile(loads(text))
    assert message in str(caught.value)
