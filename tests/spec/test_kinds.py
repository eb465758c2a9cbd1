import pytest
from pydantic import ValidationError

from s2sgraph.attention.additive import Additive
from s2sgraph.attention.dot import Dot
from s2sgraph.attention.scaled_dot import ScaledDot
from s2sgraph.attention.windows import LocalPredictive
from s2sgraph.layers.attention import Attention
from s2sgraph.layers.lstm import Lstm
from s2sgraph.spec import Kind, Layer, Reference, kinds
from s2sgraph.spec.json_schema import FAMILIES
from s2sgraph.spec.kinds import choose


def test_the_families() -> None:
    assert set(kinds("layer")) >= {
        *("embedding", "dense", "concat", "add", "dropout", "layer_norm", "rms_norm", "positions"),
        *("rnn", "lstm", "gru", "ssru", "attention", "self_attention", "feed_forward", "output"),
    }
    scores = {"dot", "scaled_dot", "general", "concat", "additive", "location"}
    assert set(kinds("score")) >= scores
    assert set(kinds("window")) >= {"global", "local_m", "local_p"}
    assert set(kinds("search")) >= {"greedy"}


@pytest.mark.parametrize("family", ["layer", *FAMILIES])
def test_every_kind_is_described(family: str) -> None:
    for word, kind in kinds(family).items():
        assert (kind.word, kind.family) == (word, family)
        assert kind.__doc__
        assert not kind.main or kind.main in kind.keys()  # noqa: SIM118
        described = " ".join(parent.__doc__ or "" for parent in kind.__mro__)
        for name in kind.model_fields:
            assert f"{name}" in described, f"{word} does not say what {name} is"


def test_a_word_means_one_kind() -> None:
    with pytest.raises(TypeError, match="two kinds of layer are called lstm"):

        class Other(Layer, kind="lstm"):
            """Another."""


def test_a_new_kind_needs_only_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2sgraph.spec import kinds as _  # noqa: F401
    from s2sgraph.spec.kinds import _FAMILIES

    monkeypatch.setitem(_FAMILIES, "search", dict(_FAMILIES.get("search", {})))

    class Wide(Kind, kind="wide", family="search", main="width"):
        """Wide."""

        width: int

    assert choose("search", {"kind": "wide", "width": 3}) == Wide(width=3)


def test_the_settings_of_a_score_stand_beside_it() -> None:
    layer = Attention.model_validate({"query": "prev.s", "size": 3, "bias": False})
    assert layer.score == Additive(size=3, bias=False)
    assert (layer.size, layer.bias) == (None, True)
    assert layer.inputs == (Reference(("s",), previous=True),)


def test_with_heads_size_and_bias_are_of_the_products() -> None:
    data = {"score": "scaled_dot", "heads": 2, "size": 8, "bias": False}
    layer = Attention.model_validate(data)
    assert (layer.score, layer.heads, layer.size, layer.bias) == (ScaledDot(), 2, 8, False)


def test_a_window_is_chosen_by_its_kind() -> None:
    layer = Attention.model_validate({"score": "dot", "window": {"kind": "local_p", "width": 4}})
    assert (layer.score, layer.window) == (Dot(), LocalPredictive(width=4))


def test_kinds_are_frozen_and_compare_by_value() -> None:
    layer = Lstm(size=3)
    assert layer == Lstm.model_validate({"size": 3})
    assert hash(layer) == hash(Lstm(size=3))
    with pytest.raises(ValidationError):
        layer.size = 4  # type: ignore[misc]


def test_references_have_their_key_paths() -> None:
    data = {"size": 3, "from": ["a", "prev.b"], "start": {"dense": "encoder.final"}}
    found = {path: str(reference) for path, reference in Lstm.model_validate(data).references()}
    assert found == {
        ("from", 0): "a",
        ("from", 1): "prev.b",
        ("start", "dense", 0): "encoder.final",
    }
