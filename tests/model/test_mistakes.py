"""Mistakes that only the whole model shows: named at their place in the spec, with what to do."""

# ruff: noqa: E501 (messages stand as they are printed)

from __future__ import annotations

import pytest

from s2sgraph.model import sketch
from s2sgraph.spec import SpecError, loads

BASE = """
name: bad
source: {tokens: ids, size: 10}
target: {tokens: ids, size: 10}
encoder: [embedding: 8, {lstm: {size: 6, direction: both}}]
decoder:
"""
CASES = {
    "dot mismatch": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7}
  - attention: {name: c, query: s, score: dot}
  - output: {from: [s, c]}
""",
        (
            "9:16: decoder[2].attention: dot: query has feature=7, float[batch, source, feature=12] has feature=12",
        ),
    ),
    "residual": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, residual: true, start: {dense: encoder.final}}
  - output
""",
        (
            "8:10: decoder[1].gru: a residual connection adds equals, but the layer has 7 features and what is below it 8",
        ),
    ),
    "start": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, start: encoder.final}
  - output
""",
        (
            "8:10: decoder[1].gru: the start has 7 features, encoder.final has 12; write start: {dense: encoder.final}",
        ),
    ),
    "layers": (
        """\
  - embedding: 8
  - lstm: {name: s, size: 12, layers: 2, start: encoder.final}
  - output
""",
        (
            "8:11: decoder[1].lstm: 1 cells cannot start 2, one by one; give both as many layers, or start with {last: …}",
        ),
    ),
    "cycle": (
        """\
  - embedding: 8
  - gru: {name: s, from: [embedding, c], size: 7}
  - attention: {name: c, query: s, score: general}
  - output: {from: [s,c]}
""",
        ("8:10: decoder[1].gru: within one step, s needs c needs s",),
    ),
    "unread": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, start: {dense: encoder.final}}
  - dense: {name: d, size: 3}
  - output: {from: s}
""",
        ("9:12: decoder[2].dense: nobody reads d",),
    ),
    "heads": (
        """\
  - embedding: 8
  - self_attention: {heads: 3, residual: pre}
  - attention: {heads: 3, score: scaled_dot}
  - output
""",
        ("8:21: decoder[1].self_attention: 8 features are not a multiple of 3 heads",),
    ),
    "whole sequence": (
        """\
  - embedding: 8
  - gru: {name: s, from: [embedding, encoder], size: 7}
  - output
""",
        (
            "8:38: decoder[1].gru.from[1]: encoder is a sequence; a step of the decoder reads one value",
        ),
    ),
    "tied": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, start: {dense: encoder.final}}
  - output: {tied: embedding}
""",
        (
            "7:16: decoder[0].embedding: one weight 'weight', two types: float[symbol=10, feature=8] and float[symbol=10, feature=7]; layers that share it need one size",
        ),
    ),
    "tied to layer": (
        """\
  - embedding: 8
  - gru: {name: s, size: 8, start: {dense: encoder.final}}
  - output: {tied: s}
""",
        ("9:20: decoder[2].output.tied: s is no embedding, whose table could be shared",),
    ),
    "start from step": (
        """\
  - embedding: 8
  - gru: {name: s, size: 8, start: {dense: embedding}}
  - output: {}
""",
        (
            "5:32: encoder[1].lstm: nobody reads lstm",
            "8:44: decoder[1].gru.start.dense: embedding differs from step to step, so nothing can start from it",
        ),
    ),
    "here": (
        """\
  - embedding: 8
  - gru: {name: s, from: [embedding, encoder.here], size: 8}
  - output
""",
        ("8:38: decoder[1].gru.from[1]: encoder.here needs a target as long as the source",),
    ),
    "static": (
        """\
  - embedding: 8
  - gru: {name: s, from: [embedding, static], size: 8, start: {dense: encoder.final}}
  - output
""",
        ("8:38: decoder[1].gru.from[1]: the source has no static values",),
    ),
    "no encoder": (
        """\
  - embedding: 8
  - gru: {name: s, size: 8}
  - output
""",
        ("5:32: encoder[1].lstm: nobody reads lstm",),
    ),
    "dense of tokens": (
        """\
  - dense: 8
  - gru: {name: s, size: 8, start: {dense: encoder.final}}
  - output
""",
        ("7:12: decoder[0].dense.from[0]: dense reads symbols, which have no features",),
    ),
    "add": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, start: {dense: encoder.final}}
  - add: {from: [embedding, s]}
  - output
""",
        ("9:10: decoder[2].add: add: widest has feature=8, value has feature=7",),
    ),
    "backward": (
        """\
  - embedding: 8
  - gru: {name: s, size: 7, direction: both, start: {dense: encoder.final}}
  - output
""",
        (
            "8:40: decoder[1].gru.direction: a decoder goes forward: what comes later is not known yet",
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mistakes_are_named_at_their_place(name):
    decoder, expected = CASES[name]
    with pytest.raises(SpecError) as caught:
        sketch(loads(BASE + decoder, "bad.yaml"))
    lines = str(caught.value).split("\n")
    found = [line.removeprefix("bad.yaml:") for line in lines if line.startswith("bad.yaml:")]
    assert tuple(found) == expected


def test_all_mistakes_of_references_come_at_once():
    decoder = (
        "  - embedding: 8\n  - gru: {from: [embeding, prev.c], size: 7}\n  - output: {from: d}\n"
    )
    with pytest.raises(SpecError) as caught:
        sketch(loads(BASE + decoder, "bad.yaml"))
    text = str(caught.value)
    assert text.count("bad.yaml:") == 3
    assert "did you mean embedding?" in text
