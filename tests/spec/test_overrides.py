from typing import Any

import pytest

from s2sgraph.spec import Spec, SpecError, loads

TEXT = """\
source: {tokens: words}
target: {tokens: words}
encoder: [embedding: 8, {repeat: 2, layers: [lstm: 8]}]
decoder: [embedding: 8, gru: {name: state, size: 8}, output]
train: {steps: 5}
"""


def spec() -> Spec:
    return loads(TEXT, "spec.yaml")


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"train.steps": 10}, "steps: 5", "steps: 10"),
        ({"train.optimizer": "sgd"}, "steps: 5", "steps: 5, optimizer: {kind: sgd}"),
        ({"train.optimizer.rate": 1}, "steps: 5", "steps: 5, optimizer: {rate: 1}"),
        ({"decoder.state.size": 9}, "size: 8", "size: 9"),
        ({"decoder.1.gru.size": 9}, "size: 8", "size: 9"),
        ({"decoder[1].gru.size": 9}, "size: 8", "size: 9"),
        ({"decoder.embedding.dropout": 0.5}, "decoder: [embedding: 8",
         "decoder: [embedding: {size: 8, dropout: 0.5}"),
        ({"decoder.output.bias": False}, "output", "output: {bias: false}"),
        ({"encoder.block.repeat": 3}, "repeat: 2", "repeat: 3"),
        ({"encoder.block.layers.lstm.size": 9}, "lstm: 8", "lstm: 9"),
        ({"search.max_length": 9}, "train:", "search: {max_length: 9}\ntrain:"),
        ({"train.clip": None, "name": "x"}, "steps: 5", "steps: 5, clip: null}\nname: x #"),
    ],
)  # fmt: skip
def test_set(changes: dict[str, Any], old: str, new: str) -> None:
    changed = spec().set(changes)
    assert changed == loads(TEXT.replace(old, new))
    assert changed != spec()
    assert spec() == loads(TEXT)


def test_set_twice() -> None:
    assert spec().set({"train.steps": 6}).set({"name": "x"}).train.steps == 6


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train.stepz", 3, "set train.stepz: train.stepz: unknown key 'stepz'\n  did you mean"),
        ("train.steps", "3", "set train.steps: train.steps: expected a whole number, not '3'"),
        ("train.steps.x", 3, "set train.steps.x: train.steps has no parts"),
        ("decoder.lstm.size", 3, "no layer is called lstm; there are embedding, state, output"),
        ("decoder.7.size", 3, "there are 3 entries, counted from 0"),
        ("", 3, "expected a key path such as train.steps"),
    ],
)  # fmt: skip
def test_what_cannot_be_set(path: str, value: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec().set({path: value})
    assert message in str(caught.value)


def test_mistakes_elsewhere_keep_their_places() -> None:
    with pytest.raises(SpecError) as caught:
        spec().set({"target": {"features": 3}, "source.tokens": "word"})
    assert str(caught.value).startswith("set source.tokens: source.tokens: expected characters")
