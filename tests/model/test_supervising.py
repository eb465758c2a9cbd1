"""What settings of training ask of a model: it is there, or named at its place in the spec."""

import pytest

from s2sgraph.model import sketch
from s2sgraph.spec import SpecError, loads
from s2sgraph.spec.attention_losses import AttentionLoss

ONE = """
source: {tokens: words}
target: {tokens: words}
encoder: [embedding: 8, gru: 8]
decoder:
  - embedding: 8
  - gru: {size: 8, start: encoder.final}
  - attention: {name: context, query: gru, score: dot}
  - output
data: {train: {file: a.tsv, alignments: a.align}}
train: TRAIN
"""
NONE = ONE.replace("  - attention: {name: context, query: gru, score: dot}\n", "")
SEVERAL = """
source: {text: {tokens: words}, sound: {features: 8}}
target: {tokens: words}
encoders: {text: [embedding: 8], sound: [gru: 8]}
memory: text
decoder:
  - embedding: 8
  - repeat: 2
    name: layers
    layers:
      - self_attention: {heads: 2}
      - attention: {score: dot, heads: 4}
  - attention: {name: heard, score: dot, memory: sound}
  - output
data: {train: {file: a.jsonl, alignments: a.align}}
train: TRAIN
"""
UNREAD = """
source: {features: 3}
target: {tokens: words, length: source}
encoder: [gru: 8]
decoder: [dense: {from: encoder.here, size: 8}, output]
train: TRAIN
"""


@pytest.mark.parametrize(
    ("text", "loss", "output", "source"),
    [
        (ONE, "{}", "context.weights", "source"),
        (ONE, "{attention: context}", "context.weights", "source"),
        (SEVERAL, "{attention: heard}", "heard.weights", "sound"),
        (SEVERAL, "{attention: 'layers[0].attention'}", "layers[0].attention.weights", "text"),
        (SEVERAL, "{attention: 'layers[1].attention', head: 3}", "layers[1].attention.heads",
         "text"),
        (SEVERAL, "{attention: layers}", "layers[1].attention.weights", "text"),
    ],
)  # fmt: skip
def test_the_attention_that_is_looked_at(text: str, loss: str, output: str, source: str) -> None:
    model = sketch(loads(text.replace("TRAIN", f"{{guided_alignment: {loss}}}")))
    given = model.spec.train.guided_alignment
    assert isinstance(given, AttentionLoss)
    assert model.layers.supervision.watched(given).output == output
    assert model.layers.aligned == source
    assert output in model.trace("teach", [output]).output_names


LISTED = "write layers[0].attention, layers[1].attention or heard"


@pytest.mark.parametrize(
    ("text", "train", "message", "hint"),
    [
        (NONE, "{coverage_loss: {}}", "train.coverage_loss: the decoder has no attention",
         "add one, or remove this loss"),
        (SEVERAL, "{coverage_loss: {}}",
         "train.coverage_loss: the decoder has 3 attentions; which one is meant?",
         "write attention: layers[0].attention, layers[1].attention or heard"),
        (SEVERAL, "{coverage_loss: {attention: herd}}",
         "train.coverage_loss.attention: nothing is called herd here", "did you mean heard?"),
        (SEVERAL, "{coverage_loss: {attention: nothing}}",
         "train.coverage_loss.attention: nothing is called nothing here", LISTED),
        (SEVERAL, "{coverage_loss: {attention: 'layers[0].self_attention'}}",
         "train.coverage_loss.attention: layers[0].self_attention is no attention of the decoder",
         LISTED),
        (SEVERAL, "{coverage_loss: {attention: heard.weights}}",
         "train.coverage_loss.attention: heard.weights is no attention of the decoder", LISTED),
        (SEVERAL, "{guided_alignment: {attention: heard, head: 0}}",
         "train.guided_alignment.head: heard has no heads", "remove head"),
        (SEVERAL, "{guided_alignment: {attention: 'layers[0].attention', head: 4}}",
         "train.guided_alignment.head: layers[0].attention has no head 4", "its heads are 0 to 3"),
        (ONE.replace("source: {tokens: words}", "source: {tokens: subwords}"),
         "{guided_alignment: {}}",
         "train.guided_alignment: alignments count words, and the places of source are subwords",
         "write tokens: words"),
        (UNREAD, "{scheduled_sampling: {kind: linear, steps: 9}}",
         "train.scheduled_sampling: the decoder does not read the values before", "remove it"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(text: str, train: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        sketch(loads(text.replace("TRAIN", train), "spec.yaml"))
    assert len(caught.value.problems) == 1
    assert f": {message}" in str(caught.value)
    assert f"\n  {hint}" in str(caught.value)


def test_all_of_it_at_once() -> None:
    train = (
        "{coverage_loss: {}, guided_alignment: {}, scheduled_sampling: {kind: linear, steps: 1}}"
    )
    with pytest.raises(SpecError) as caught:
        sketch(loads(NONE.replace("TRAIN", train)))
    assert len(caught.value.problems) == 2
