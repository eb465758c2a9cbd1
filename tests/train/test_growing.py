"""Symbols that are added to the vocabularies of a run, and the rows that weights have for them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import NAMES, closed, drawn, example, expected, model_of, trained
from safetensors.numpy import load_file

from s2sgraph.model import Model, compile
from s2sgraph.spec import SpecError, load
from s2sgraph.spec.dumping import plain
from s2sgraph.text import Vocabulary
from s2sgraph.train import Progress, TrainingError, train
from s2sgraph.train import try_out as try_training
from s2sgraph.train.growing import with_rows

Spec = Any
STILL = {"train.optimizer": {"kind": "sgd", "rate": 1e-30}, "train.steps": 2}
FURTHER = ["x1", "x2", "x3"]
TOKENS = [name for name in NAMES if "target" in example(name).vocabularies]


def lines(path: Path, *texts: str) -> None:
    path.write_text("".join(f"{text}\t{text}\n" for text in texts))


@pytest.fixture
def first(spec: Callable[..., Spec], tmp_path: Path) -> Path:
    """A run of the symbols a, b, c, d; the data beside its spec then has x, y and z too."""
    folder = train(spec(train__steps=20), tmp_path / "first").folder
    lines(tmp_path / "train.tsv", *["abx", "xya", "yx", "zab"] * 4, "xx")
    lines(tmp_path / "dev.tsv", "axb", "ya")
    return folder


# -- weights ----------------------------------------------------------------------------


def larger(name: str) -> tuple[Model, Model]:
    """An example, and the same with more symbols on every side that lists them."""
    model = example(name)
    data = closed(plain(model.spec))
    for side in ("source", "target"):
        for one in [data[side], *(v for v in data[side].values() if isinstance(v, dict))]:
            if "symbols" in one:
                one["symbols"] = [*one["symbols"], *FURTHER]
    return model, model_of(data)


@pytest.mark.parametrize("name", TOKENS)
def test_old_symbols_have_their_scores(name: str) -> None:
    """And what is added takes no more than its share, whatever the model."""
    model, more = larger(name)
    weights = trained(model)
    grown = more.fitted(with_rows(weights, more.trace("teach").weights))
    inputs = drawn(model, "teach")
    if model.layers.copied:  # a word of a source's own may be a symbol now
        inputs = {
            k: np.minimum(v, 7) if k in ("source", "target") else v for k, v in inputs.items()
        }
    before = expected(model, "teach", weights, inputs)["logits"]
    after = expected(more, "teach", grown, inputs)["logits"]
    old, count = model.symbols["target"], more.symbols["target"] - model.symbols["target"]
    assert count == len(FURTHER)
    if not model.layers.copied:
        np.testing.assert_allclose(after[..., :old], before, rtol=1e-12, atol=1e-12)
    was, now = (_log_softmax(scores)[..., :old] for scores in (before, after))
    likely = was > -50
    lost = (was - now)[likely]
    assert lost.min() > -1e-9
    assert lost.max() < np.log(1 + count / old) + 1e-9
    assert lost.max() > 1e-6  # they do take something


def _log_softmax(scores: Any) -> Any:
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def test_other_weights_are_not_touched() -> None:
    model, more = larger("specs/luong_global")
    weights = trained(model)
    grown = with_rows(weights, more.trace("teach").weights)
    assert {path for path in weights if grown[path] is not weights[path]} == {
        "encoder.embedding.weight", "decoder.embedding.weight",
        "decoder.output.weight", "decoder.output.bias",
    } & set(weights)  # fmt: skip
    for path, array in weights.items():
        np.testing.assert_array_equal(grown[path][: len(array)], array)
        for row in grown[path][len(array) :]:
            np.testing.assert_array_equal(row, array.mean(0, np.float64).astype(np.float32))


# -- vocabularies -----------------------------------------------------------------------


def test_new_symbols_come_behind_the_old(
    spec: Callable[..., Spec], first: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    given = load(tmp_path / "spec.yaml").set(STILL)
    run = train(given, tmp_path / "run", start=first, add_symbols=True, tell=told.append)
    before, after = load(first / "spec.yaml"), load(run.spec)
    for side in ("source", "target"):
        old = getattr(before, side).symbols
        assert getattr(after, side).symbols == (*old, "x", "y", "z")
    assert told == [
        "source: 3 symbols are added to 8: 'x', 'y', 'z'",
        "target: 3 symbols are added to 8: 'x', 'y', 'z'",
    ]
    old, new = load_file(first / "best.safetensors"), load_file(run.last)
    assert old.keys() == new.keys()
    for path, array in old.items():
        assert len(new[path]) == len(array) + (3 if "embedding" in path or "output" in path else 0)
        np.testing.assert_array_equal(new[path][: len(array)], array)


def test_least_and_size_hold_for_what_is_added(first: Path, tmp_path: Path) -> None:
    sides = {
        "source": {"tokens": "characters", "least": 5},
        "target": {"tokens": "characters", "size": 9},
    }
    given = load(tmp_path / "spec.yaml").set({**STILL, **sides})
    told: list[str] = []
    run = train(given, tmp_path / "run", start=first, add_symbols=True, tell=told.append)
    # x comes 14 times, y 8 times, z 4 times; a to d stay though d comes no more.
    assert load(run.spec).source.symbols[4:] == ("x", "y")
    assert load(run.spec).target.symbols[4:] == ("x",)
    full = given.set({"source.least": 100, "target.size": 8})
    train(full, tmp_path / "full", start=first, add_symbols=True, tell=told.append)
    assert told[2:] == [
        "source: no symbols are added to the 8 there are",
        "target: no symbols are added to the 8 there are",
    ]
    with pytest.raises(SpecError, match="size is 7, and the 8 symbols of the run are more"):
        train(given.set({"target.size": 7}), tmp_path / "less", start=first, add_symbols=True)
    assert not (tmp_path / "less" / "spec.yaml").exists()


def test_the_first_ten_are_named(first: Path, tmp_path: Path) -> None:
    lines(tmp_path / "train.tsv", "abcd", "klmnopqrstuv\u2028")
    told: list[str] = []
    given = load(tmp_path / "spec.yaml").set({**STILL, "target.vocabulary": "own"})
    train(given, tmp_path / "run", start=first, add_symbols=True, tell=told.append)
    assert told[0] == (
        "source: 13 symbols are added to 8: 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', …"
    )


def test_symbols_as_the_spec_lists_them(first: Path, tmp_path: Path) -> None:
    old = list(load(first / "spec.yaml").source.symbols)
    given = load(tmp_path / "spec.yaml").set(STILL)
    listed = given.set({"source.symbols": [*old, "z"]})
    run = train(listed, tmp_path / "run", start=first, add_symbols=True)
    assert load(run.spec).source.symbols == (*old, "z")
    turned = given.set({"source.symbols": [*old[::-1], "z"]})
    with pytest.raises(SpecError, match=f"id 4 is {old[-1]!r}, not {old[0]!r}") as caught:
        train(turned, tmp_path / "turned", start=first, add_symbols=True)
    assert "source: the vocabulary does not begin with that of the run" in str(caught.value)
    other = given.set({"special": {"pad": 1, "bos": 0}})
    with pytest.raises(SpecError, match="the ids of its special symbols are others"):
        train(other, tmp_path / "other", start=first, add_symbols=True)
    fewer = given.set({"target.symbols": old[:2]})
    with pytest.raises(SpecError, match=r"target: .* it has 6 symbols, not 8"):
        train(fewer, tmp_path / "fewer", start=first, add_symbols=True)
    words = given.set({"target.tokens": "words"})
    with pytest.raises(SpecError, match=r"target: .* it has words, not characters"):
        train(words, tmp_path / "words", start=first, add_symbols=True)


def test_where_nothing_can_be_added(first: Path, tmp_path: Path) -> None:
    beside = {"data.train": "../train.tsv", "data.dev": "../dev.tsv"}
    resolved = load(first / "spec.yaml").set(beside)
    with pytest.raises(SpecError, match="leave out symbols and file"):
        train(resolved, tmp_path / "run", start=first, add_symbols=True)
    opened = resolved.set({"source.symbols": None, "target.symbols": None, **STILL})
    assert len(load(train(opened, first.parent / "run", start=first, add_symbols=True).spec)
               .source.symbols) == 7  # fmt: skip
    given = load(tmp_path / "spec.yaml")
    with pytest.raises(TrainingError, match="nobody knows the vocabularies to add symbols to"):
        train(given, tmp_path / "x", start=first / "best.safetensors", add_symbols=True)
    with pytest.raises(TrainingError, match="name it as start"):
        train(given, tmp_path / "x", add_symbols=True)


SUBWORDS = """
source: {tokens: subwords, size: 300}
target: {tokens: words}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, gru: {size: 8, start: encoder.final}, output]
data: {train: train.tsv}
train: {batch_size: 8, steps: 2, evaluate: {sentences: 0}}
"""


def test_subwords_stay_as_they_were_learned(spec: Callable[..., Spec], tmp_path: Path) -> None:
    given = spec(SUBWORDS)
    folder = train(given, tmp_path / "first").folder
    lines(tmp_path / "train.tsv", *["new words"] * 4)
    run = train(given, tmp_path / "run", start=folder, add_symbols=True)
    assert (run.folder / "source.json").read_bytes() == (folder / "source.json").read_bytes()
    assert load(run.spec).target.symbols[-2:] == ("new", "words")
    both = spec(SUBWORDS.replace("tokens: words", "tokens: subwords, size: 280"))
    folder = train(both, tmp_path / "both").folder
    with pytest.raises(SpecError) as caught:
        train(both, tmp_path / "more", start=folder, add_symbols=True)
    assert str(caught.value).count("symbols cannot be added to subwords") == 2
    assert "every line is written in those there are" in str(caught.value)
    assert not (tmp_path / "more" / "spec.yaml").exists()


SHARED = """
source: {tokens: words}
target: {tokens: words, vocabulary: shared}
encoder: [embedding: 8, gru: {size: 8, direction: both}]
decoder:
  - embedding: {tied: encoder.embedding}
  - gru: {name: state, size: 16, start: encoder.final}
  - attention: {name: context, query: state, score: general}
  - dense: {from: [state, context], size: 8}
  - output: {tied: embedding, copy: context}
data: {train: train.tsv}
train: {batch_size: 8, steps: 2, evaluate: {sentences: 0}}
"""


def test_a_shared_vocabulary_takes_the_symbols_of_both_sides(
    spec: Callable[..., Spec], tmp_path: Path
) -> None:
    given = spec(SHARED)
    folder = train(given, tmp_path / "first").folder
    (tmp_path / "train.tsv").write_text("left\tright\n" * 8)
    told: list[str] = []
    run = train(given, tmp_path / "run", start=folder, add_symbols=True, tell=told.append)
    assert [line.partition(" to ")[0] for line in told] == ["source: 2 symbols are added"]
    model = compile(load(run.spec))
    table = model.vocabularies["target"]
    assert isinstance(table, Vocabulary)
    assert table.symbols[-2:] == ("left", "right")
    weights = model.fitted(run.best)
    assert weights["encoder.embedding.weight"].shape == (table.size, 8)


# -- the run ----------------------------------------------------------------------------


def test_added_symbols_are_trained_and_frozen_ones_stay(first: Path, tmp_path: Path) -> None:
    frozen = ["decoder.embedding", "encoder.gru"]
    given = load(tmp_path / "spec.yaml").set({"train.freeze": frozen, "train.steps": 20})
    told: list[str] = []
    run = train(given, tmp_path / "run", start=first, add_symbols=True, tell=told.append)
    assert told[2:] == [
        "decoder.embedding.weight is frozen: its rows for added symbols stay the mean of the others"
    ]
    old, new = load_file(first / "best.safetensors"), load_file(run.last)
    kept = new["decoder.embedding.weight"]
    np.testing.assert_array_equal(kept[:8], old["decoder.embedding.weight"])
    assert (kept[8:] == kept[8]).all()
    for path in ("encoder.embedding.weight", "decoder.output.weight"):
        assert not np.allclose(new[path][8], new[path][9])


def test_such_a_run_goes_on_bit_for_bit(first: Path, tmp_path: Path) -> None:
    given = load(tmp_path / "spec.yaml").set({"encoder.embedding.dropout": 0.3, "train.steps": 6})

    def begin(name: str, **more: Any) -> Any:
        return train(given, tmp_path / name, start=first, add_symbols=True, **more)

    def stop(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    whole = begin("whole")
    with pytest.raises(KeyboardInterrupt):
        begin("run", report=stop)
    with pytest.raises(TrainingError, match="symbols were added to the vocabularies, and now are"):
        train(given, tmp_path / "run", start=first)
    run = begin("run")
    assert run.last.read_bytes() == whole.last.read_bytes()
    shutil.rmtree(first)
    assert train(given, tmp_path / "run").steps == 6  # it needs the first run no more


def test_a_run_without_them_is_another(first: Path, tmp_path: Path) -> None:
    given = load(tmp_path / "spec.yaml").set(STILL)
    train(given, tmp_path / "run", start=first)
    with pytest.raises(TrainingError, match="symbols were not added to the vocabularies, and now"):
        train(given, tmp_path / "run", start=first, add_symbols=True)


def test_a_trial_counts_them(first: Path, tmp_path: Path) -> None:
    given = load(tmp_path / "spec.yaml")
    plainly = try_training(given, first).parameters
    # Two embeddings of 8, one output of 16 and a bias, for three symbols.
    assert try_training(given, first, add_symbols=True).parameters == plainly + 3 * (8 + 8 + 16 + 1)
