"""Training that begins with the weights and vocabularies of another run; weights that stay."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from s2sgraph.spec import SpecError, load
from s2sgraph.train import Progress, TrainingError, train
from s2sgraph.weights import WeightError

Spec = Any
NEARLY_NOTHING = {"train.optimizer": {"kind": "sgd", "rate": 1e-30}, "train.steps": 2}
WORDS = """
source: {tokens: words}
target: {tokens: subwords, size: 300}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, gru: {size: 8, start: encoder.final}, output]
data: {train: train.tsv}
train: {batch_size: 8, steps: 2}
"""


def assert_same(one: Path, other: Path) -> None:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_it_begins_with_the_best_weights(spec: Spec, tmp_path: Path) -> None:
    first = train(spec(), tmp_path / "first")
    run = train(spec().set(NEARLY_NOTHING), tmp_path / "run", start=first.folder)
    assert_same(run.last, first.best)
    again = train(spec().set(NEARLY_NOTHING), tmp_path / "again", start=first.best)
    assert_same(again.last, first.best)


def test_open_vocabularies_are_those_of_the_run(spec: Spec, tmp_path: Path) -> None:
    first = train(spec(WORDS), tmp_path / "first")
    given = spec(WORDS)
    # Other words, of which a vocabulary of other symbols would be made.
    (tmp_path / "train.tsv").write_text("bcd abc\tx\n" * 8)
    run = train(given, tmp_path / "deep" / "run", start=first.folder)
    before, after = load(first.spec), load(run.spec)
    assert before.source.symbols == after.source.symbols
    assert (run.folder / "target.json").read_bytes() == (first.folder / "target.json").read_bytes()


def test_weights_that_do_not_fit_leave_no_folder(spec: Spec, tmp_path: Path) -> None:
    first = train(spec(train__steps=1), tmp_path / "first")
    wider = spec().set({"encoder.gru.size": 17, "decoder.gru.size": 17})
    with pytest.raises(WeightError, match=r"encoder.gru.state is"):
        train(wider, tmp_path / "run", start=first.folder)
    with pytest.raises(TrainingError, match=r"is no run with best.safetensors"):
        train(spec(), tmp_path / "run", start=tmp_path / "nowhere")
    assert not (tmp_path / "run" / "spec.yaml").exists()
    with pytest.raises(TrainingError, match="cannot be replaced by a run that needs its"):
        train(spec(), first.folder, start=first.folder, overwrite=True)
    assert first.best.exists()


def test_going_on_needs_no_name_of_the_weights(spec: Spec, tmp_path: Path) -> None:
    first = train(spec(), tmp_path / "first")
    whole = train(spec(train__seed=1), tmp_path / "whole", start=first.folder)

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(spec(train__seed=1), tmp_path / "run", start=first.folder, report=stop)
    # As after a kill before the first checkpoint but for that of the beginning.
    checkpoints = tmp_path / "run" / "checkpoints"
    assert sorted(path.name for path in checkpoints.iterdir()) == ["00000000", "00000001"]
    shutil.rmtree(checkpoints / "00000001")
    with pytest.raises(TrainingError, match="the weights to begin with are others"):
        train(spec(train__seed=1), tmp_path / "run", start=whole.folder)
    run = train(spec(train__seed=1), tmp_path / "run")
    assert run.last.read_bytes() == whole.last.read_bytes()


def test_frozen_weights_stay(spec: Spec, tmp_path: Path) -> None:
    given = spec(train__freeze=["encoder", "decoder.*.weight"])
    first = train(spec(train__steps=1), tmp_path / "first")
    run = train(given, tmp_path / "run", start=first.folder)
    before, after = load_file(first.best), load_file(run.last)
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {
        name for name in before
        if name.startswith("encoder.")
        or name in ("decoder.embedding.weight", "decoder.output.weight")
    }  # fmt: skip


def test_patterns_that_name_nothing(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        train(spec(train__freeze=["encodr", "encoder.gru"]), tmp_path / "run")
    text = str(caught.value)
    assert "train.freeze[0]: no weight is called encodr" in text
    assert "there are decoder.embedding, decoder.gru, decoder.output, encoder.embedding" in text
    with pytest.raises(SpecError, match="all weights are frozen"):
        train(spec(train__freeze=["*"]), tmp_path / "run")
    assert not (tmp_path / "run" / "spec.yaml").exists()
