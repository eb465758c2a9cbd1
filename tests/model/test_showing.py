"""What people look at: the tree of layers, the pictures, the graph after a pass."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from math import prod

import pytest
from compiled import NAMES, example, model_of

from s2sgraph.model import sketch
from s2sgraph.model.costs import costs, owned
from s2sgraph.model.showing import shown, shown_after
from s2sgraph.spec import loads

SPEC = """
name: tiny
source: {tokens: characters, symbols: [a, b]}
target: {tokens: characters, symbols: [c]}
encoder: [embedding: 4, gru: 6]
decoder:
  - embedding: 4
  - attention: {name: context, query: prev.state, score: general}
  - lstm: {name: state, from: [embedding, context], size: 5}
  - output
"""


def tiny():
    return sketch(loads(SPEC))


def test_the_tree_names_every_layer_and_counts_every_weight():
    model = tiny()
    text = model.show()
    for path in model.layers.nodes:
        assert path.partition(".")[2] in text
    assert f"{sum(map(prod, model.weights.values())):,} parameters" in text
    assert "trains step by step: context, state" in text


def test_what_training_does_besides_is_named():
    settings = {
        "train.coverage_loss": {},
        "train.guided_alignment": {"weight": 0.5},
        "train.scheduled_sampling": {"kind": "linear", "steps": 30, "least": 0.25},
        "train.r_drop": 2,
        "train.distillation": {"weight": 0.5, "temperature": 2},
        "decoder.context.dropout": 0.1,
    }
    assert "trains with" not in tiny().show()
    assert (
        sketch(loads(SPEC).set(settings))
        .show()
        .endswith(
            "trains step by step: context, state\n"
            "trains with coverage_loss: context.weights, weight 1\n"
            "trains with guided_alignment: context.weights, weight 0.5\n"
            "trains with r_drop: weight 2\n"
            "trains with distillation: weight 0.5, temperature 2, symbols 8\n"
            "trains with scheduled_sampling: linear, least 0.25, steps 30\n"
        )
    )


def test_multiply_adds_are_those_of_the_products():
    cost = costs(tiny().tracing().stepping().step)
    assert owned(cost, "decoder.state") == {(): 4 * 5 * (4 + 6 + 5)}
    assert owned(cost, "decoder.context") == {("source",): 5 + 6}
    cost = costs(tiny().tracing().stepping().encode)
    assert owned(cost, "encoder.gru") == {("source",): 3 * 6 * (4 + 6)}
    assert owned(cost, "decoder.context") == {("source",): 6 * 5}


def test_an_open_vocabulary_is_counted_and_said_to_be():
    model = sketch(loads(SPEC.replace("symbols: [c]", "size: 77")))
    assert "the vocabulary of target is open: counted as 77 symbols" in model.show()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", ["text", "mermaid", "dot", "svg"])
def test_every_example_can_be_shown(name, format):
    model = example(name)
    text = shown(model, format)
    if format == "svg":
        texts = [
            node.text for node in ElementTree.fromstring(text).iter() if node.tag.endswith("text")
        ]
        assert {path.partition(".")[2] for path in model.layers.nodes} <= {*texts}
    else:
        assert all(path.partition(".")[2] in text for path in model.layers.nodes)


def test_dotted_arrows_are_of_the_step_before():
    text = tiny().show("mermaid")
    assert text.count("-. prev .->") == 1
    assert "style=dashed" in tiny().show("dot")
    assert "stroke-dasharray" in tiny().show("svg")


def test_the_graph_after_a_pass():
    traced, pruned = shown_after(tiny(), "trace"), shown_after(tiny(), "prune")
    assert "loop(" in traced
    assert len(pruned) < len(traced)
    assert " @ " in shown_after(tiny(), "place")
    with pytest.raises(ValueError, match="no pass is called plac; there are trace, prune"):
        shown_after(tiny(), "plac")


def test_an_unknown_format_is_named():
    with pytest.raises(ValueError, match="no format is called png; there are text, mermaid"):
        shown(
            model_of(
                {
                    "source": {"tokens": "ids", "size": 5},
                    "target": {"tokens": "ids", "size": 5},
                    "encoder": [{"embedding": 2}, {"gru": 2}],
                    "decoder": [
                        {"embedding": 2},
                        {"gru": {"size": 2, "start": "encoder.final"}},
                        "output",
                    ],
                }
            ),
            "png",
        )
