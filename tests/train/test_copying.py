"""A model that copies, from its data to words that no vocabulary has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2sgraph.data import DataError
from s2sgraph.evaluating import evaluate
from s2sgraph.model import Model, compile
from s2sgraph.runtime import Session
from s2sgraph.spec import Spec, load
from s2sgraph.spec.kinds import choose
from s2sgraph.train import train
from s2sgraph.train.corpora import corpus
from s2sgraph.train.evaluating import session_of_run
from s2sgraph.train.examples import encode

SPEC = """
name: greeting
source: {tokens: words, size: 8}
target: {tokens: words, vocabulary: shared}
encoder:
  - embedding: 16
  - gru: {size: 16, direction: both}
decoder:
  - embedding: {tied: encoder.embedding}
  - gru: {name: state, size: 32, start: {dense: encoder.final}}
  - attention: {name: context, query: state, score: general}
  - dense: {name: readout, from: [state, context], size: 32, activation: tanh}
  - output: {copy: context, gate: [context, state, embedding]}
data: {train: train.tsv, dev: dev.tsv}
train:
  optimizer: {kind: adam, rate: 1e-2}
  batch_size: 32
  steps: 120
  validate_every: 60
  label_smoothing: 0.01
  evaluate: {metrics: [sequence_accuracy], pictures: false}
"""
ORDERS = {"call": "hello {}", "leave": "{} bye"}


def rows(count: int, seed: int) -> list[tuple[str, str]]:
    """`call NAME` to `hello NAME`, `leave NAME` to `NAME bye`; no name comes twice."""
    random = np.random.default_rng(seed)
    names = ["".join(random.choice(list("abcdefgh"), 6)) + str(n) for n in range(count)]
    words = [[*ORDERS][n % 2] for n in range(count)]
    return [(f"{w} {n}", ORDERS[w].format(n)) for w, n in zip(words, names, strict=True)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copying")
    (folder / "spec.yaml").write_text(SPEC)
    for name, count, seed in (("train", 200, 0), ("dev", 20, 1)):
        text = "".join(f"{source}\t{target}\n" for source, target in rows(count, seed))
        (folder / f"{name}.tsv").write_text(text)
    train(load(folder / "spec.yaml"), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return compile(load(run / "spec.yaml"))


def test_words_that_nobody_has_seen_come_out(run: Path, model: Model, tmp_path: Path) -> None:
    file = model.export(tmp_path / "model.onnx", run / "best.safetensors")
    lines = ["call Zorblax", "leave Quux", "call 東京", "leave <unk>", "call call"]
    session = Session(file)
    assert "Zorblax" not in session.contract.vocabularies["target"].symbols
    found = [result.text for result in session.run(lines)]
    assert found[:4] == ["hello Zorblax", "Quux bye", "hello 東京", "<unk> bye"]
    first = session.run(lines)[0].best
    assert first.own == ("Zorblax",)
    assert model.symbols["target"] in first.tokens


def test_a_client_that_gives_ids_gets_ids(run: Path, model: Model, tmp_path: Path) -> None:
    session = Session(model.export(tmp_path / "model.onnx", run / "best.safetensors"))
    table, size = session.contract.vocabularies["source"], model.symbols["source"]
    call, hello = (table.ordinary[word] for word in ("call", "hello"))
    found = session.run([[call, size]])[0].best
    assert found.tokens == (hello, size, model.spec.special.eos)
    assert found.text == "hello <unk>"


def test_targets_with_words_of_their_own_are_likely(
    run: Path, model: Model, tmp_path: Path
) -> None:
    file = model.export(tmp_path / "score.onnx", run / "best.safetensors", graph="score")
    right, wrong = Session(file).score(["call Zorblax"] * 2, ["hello Zorblax", "hello Quux"])
    assert right.score > -1 > wrong.score
    assert right.tokens[1] == model.symbols["target"]
    assert wrong.tokens[1] == model.spec.special.unk


def test_answers_are_judged_by_their_words(run: Path) -> None:
    """No name of these rows was ever seen, by torch or by the metrics' vocabulary."""
    given = [{"source": source, "target": target} for source, target in rows(20, 2)]
    metrics = [choose("metric", name) for name in ("sequence_accuracy", "per")]
    figures = evaluate(session_of_run(run), given, metrics).figures  # type: ignore[arg-type]
    assert figures["sequence_accuracy"].value > 0.9
    assert figures["per"].value < 0.1


# -- data -----------------------------------------------------------------------------------

Encoded = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def encoded(tmp_path: Path) -> Encoded:
    """The ids of rows of a file."""

    def write(text: str, *, tokens: str = "words", **data: Any) -> list[dict[str, Any]]:
        closed = "symbols: [call, hello]" if tokens == "words" else "size: 6"
        head = SPEC.replace("tokens: words", f"tokens: {tokens}").replace("size: 8", closed)
        if tokens == "ids":
            head = head.replace("vocabulary: shared", "size: 6, vocabulary: shared")
        (tmp_path / "spec.yaml").write_text(head)
        (tmp_path / "train.tsv").write_text(text)
        spec: Spec = load(tmp_path / "spec.yaml").set({f"data.{k}": v for k, v in data.items()})
        given = corpus(spec, "train")
        assert given is not None
        found = encode(compile(spec), given, None, spec.data.max_length)
        return [{name: value.tolist() for name, value in row.items()} for row in found.rows]

    return write


def test_source_and_target_number_words_alike(encoded: Encoded) -> None:
    found = encoded("call Zog Bix Zog\thello Bix , Zog\ncall hello\thello Zog\n")
    assert found == [
        {"source": [4, 6, 7, 6], "target": [5, 7, 3, 6, 2]},
        {"source": [4, 5], "target": [5, 3, 2]},
    ]


def test_words_that_were_cut_off_are_unknown_to_the_target(encoded: Encoded) -> None:
    given = {"max_length": 2, "odd": "keep"}
    found = encoded("call Zog Bix\tBix Zog\n", **given)
    assert found == [{"source": [4, 6], "target": [3, 6, 2]}]


def test_ids_beyond_the_sentence_are_refused(encoded: Encoded) -> None:
    assert encoded("4 6 7\t6 5\n", tokens="ids") == [{"source": [4, 6, 7], "target": [6, 5, 2]}]
    assert encoded("4 5\t6 5\n", tokens="ids") == [{"source": [4, 5], "target": [3, 5, 2]}]
    with pytest.raises(DataError, match=r"bad 'source' \(id 8 at place 1; expected 0 to 7\)"):
        encoded("4 8\t6 5\n", tokens="ids")
    with pytest.raises(DataError, match=r"bad 'target' \(id 9 at place 0; expected 0 to 7\)"):
        encoded("4 6\t9 5\n", tokens="ids")
