import pickle
from io import BytesIO
from pathlib import Path

import pytest

from s2sgraph.layers.lstm import Lstm
from s2sgraph.spec import (
    Block,
    CopyStart,
    DenseStart,
    LastStart,
    LearnedStart,
    MeanStart,
    Problem,
    Reference,
    Spec,
    SpecError,
    ZeroStart,
    layers,
    load,
    loads,
)
from s2sgraph.spec.starts import read_start

TEXT = """\
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 8, lstm: 8]
decoder:
  - embedding: 8
  - repeat: 2
    layers:
      - lstm: {size: 8, from: below}
  - output
"""


def test_every_example_is_valid_and_says_what_it_is(example: Path) -> None:
    assert example.read_text().startswith("# ")
    spec = load(example)
    if example.parent.name == "specs":
        assert spec.name == example.stem
        assert spec.description
        assert spec.data.train


def test_items_blocks_and_defaults() -> None:
    spec = loads(TEXT)
    assert spec.encoder is not None
    assert spec.encoder[1] == Lstm(size=8)
    assert isinstance(block := spec.decoder[1], Block)
    assert (block.label, block.repeat) == ("block", 2)
    assert [(path, layer.label) for path, layer in layers(spec.decoder, ("decoder",))] == [
        (("decoder", 0, "embedding"), "embedding"),
        (("decoder", 1, "layers", 0, "lstm"), "lstm"),
        (("decoder", 2, "output"), "output"),
    ]
    assert spec.search.word == "greedy"
    assert spec.train.optimizer.word == "adamw"


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("zeros", ZeroStart()),
        ("learned", LearnedStart()),
        ("encoder.final", CopyStart(reference=Reference(("encoder", "final")))),
        (
            {"dense": ["a", "b"], "activation": "tanh"},
            DenseStart(dense=(Reference(("a",)), Reference(("b",))), activation="tanh"),
        ),
        ({"last": "encoder.final"}, LastStart(last=Reference(("encoder", "final")))),
        ({"mean": "encoder"}, MeanStart(mean=Reference(("encoder",)))),
    ],
)
def test_starts(value: object, start: object) -> None:
    assert read_start(value) == start


def test_places_do_not_count_in_comparisons() -> None:
    assert loads(TEXT, "a") == loads("# the same\n" + TEXT, "b")
    assert loads(TEXT) != loads(TEXT.replace("size: 8", "size: 9"))


def test_a_later_stage_gives_key_paths_and_gets_places() -> None:
    spec = loads(TEXT, "spec.yaml")
    path = ("decoder", 1, "layers", 0, "lstm", "from")
    error = spec.error([Problem(path, "no such layer"), Problem((*path[:-1], "start"), "too soon")])
    assert str(error).splitlines() == [
        "spec.yaml:8:9: decoder[1].layers[0].lstm.start: too soon".replace("8:9", "8:15"),
        "        - lstm: {size: 8, from: below}",
        "                ^",
        "spec.yaml:8:31: decoder[1].layers[0].lstm.from: no such layer",
        "        - lstm: {size: 8, from: below}",
        "                                ^",
    ]


def test_a_spec_and_its_error_can_be_pickled() -> None:
    spec = loads(TEXT, "spec.yaml")
    again = pickle.loads(pickle.dumps(spec))
    assert again == spec
    assert again.places == spec.places
    error = spec.error([Problem(("decoder", 0), "bad")])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_several_sources() -> None:
    spec = loads(
        "source: {text: {tokens: words}, sound: {features: 4}}\n"
        "target: {tokens: words}\n"
        "encoders: {text: [embedding: 8, lstm: 8], sound: [lstm: 8]}\n"
        "memory: text\n"
        "decoder: [embedding: 8, attention: dot, output]\n"
    )
    assert isinstance(spec.source, dict)
    assert spec.encoders is not None
    assert list(spec.source) == list(spec.encoders) == ["text", "sound"]
    assert (spec.encoder, spec.memory) == (None, "text")


def test_files_and_file_objects(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load(path) == load(str(path)) == load(BytesIO(path.read_bytes())) == loads(TEXT)


@pytest.mark.parametrize("name", ["missing.yaml", "", ".", "a\0b", "x" * 5000])
def test_what_is_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"cannot be read|not a file"):
        load(name)


def test_a_wrong_spec_from_python_is_refused_too() -> None:
    with pytest.raises(ValueError, match="missing: decoder"):
        Spec.model_validate({"source": {"tokens": "words"}, "target": {"tokens": "words"}})
