"""Training as a whole, on models that learn in a second."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from s2sgraph.data import DataError
from s2sgraph.model import compile
from s2sgraph.spec import SpecError, load
from s2sgraph.train import Progress, TrainingError, train

Spec = Any


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_loss_falls_and_the_folder_is_whole(spec: Spec, tmp_path: Path) -> None:
    reports: list[Progress] = []
    run = train(spec(), tmp_path / "run", report=reports.append)
    assert [r.step for r in reports] == list(range(1, 41))
    assert reports[-1].loss < 0.8 * reports[0].loss
    assert (run.steps, run.ended, run.best_step) == (40, "steps", 40)
    assert run.best_loss == reports[-1].dev_loss == reports[-1].best
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "spec.yaml", "log.jsonl", "manifest.json", "best.safetensors", "last.safetensors",
        "checkpoints", "validations", "README.md",
    }  # fmt: skip
    assert {path.name for path in (run.folder / "validations").iterdir()} == {"20.txt", "40.txt"}
    logged = lines(run.log)
    assert [line["step"] for line in logged] == [20, 40]
    assert logged[-1]["dev_loss"] == pytest.approx(run.best_loss, rel=1e-5)
    assert logged[-1]["dev_cer"] < logged[0]["dev_cer"]
    manifest = json.loads(run.manifest.read_text())
    assert manifest["best"] == {"step": 40, "dev_loss": run.best_loss}
    assert manifest["rows"] == {"train": 48, "dev": 16}


def test_the_folder_loads_by_itself(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(train__steps=2), tmp_path / "deep" / "run")
    model = compile(load(run.spec))
    weights = model.fitted(run.best)
    assert set(weights) == set(model.weights)
    # Its data are found from where it lies, so it can be trained again.
    again = train(load(run.spec), tmp_path / "again")
    assert again.best.read_bytes() == run.best.read_bytes()


def test_the_same_seed_is_the_same_run(spec: Spec, tmp_path: Path) -> None:
    given = spec().set({"encoder.embedding.dropout": 0.3, "train.steps": 12})
    torch.manual_seed(1)
    first = train(given, tmp_path / "a")
    state = torch.random.get_rng_state()
    torch.manual_seed(2)
    second = train(given, tmp_path / "b")
    other = train(given.set({"train.seed": 1}), tmp_path / "c")
    assert first.last.read_bytes() == second.last.read_bytes()
    assert first.last.read_bytes() != other.last.read_bytes()
    # The caller's own random numbers are left alone.
    torch.manual_seed(1)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_best_weights_are_kept(spec: Spec, tmp_path: Path) -> None:
    # A rate that is far too high at the end: the last weights are not the best.
    given = spec(
        train__optimizer={"kind": "sgd", "rate": 30.0},
        train__schedule={"kind": "constant", "warmup": 40},
        train__validate_every=5,
        train__clip=None,
    )
    run = train(given, tmp_path / "run")
    found = {line["step"]: line["dev_loss"] for line in lines(run.log) if "dev_loss" in line}
    assert run.best_step == min(found, key=found.__getitem__) < run.steps
    assert found[run.best_step] == pytest.approx(run.best_loss, rel=1e-5)
    best, last = load_file(run.best), load_file(run.last)
    assert any((best[name] != last[name]).any() for name in best)
    # They are the weights that had that loss: a rate of nearly nothing leaves them as they are.
    assert run.best_loss == pytest.approx(dev_loss(run.spec, best), rel=1e-5)


def dev_loss(path: Path, weights: dict[str, np.ndarray]) -> float:
    from s2sgraph.data import read_parallel

    model = compile(load(path))
    module = model.to_torch(weights=weights).eval()
    table = model.vocabularies["target"]
    total = count = 0.0
    for source, target in read_parallel(path.parent.parent / "dev.tsv")[0]:
        ids = torch.tensor([[*table.encode(target), model.spec.special.eos]])
        words = torch.tensor([model.vocabularies["source"].encode(source)])
        logits = module(words, torch.tensor([words.shape[1]]), ids)
        total += torch.nn.functional.cross_entropy(logits[0], ids[0], reduction="sum").item()
        count += ids.shape[1]
    return total / count


def test_patience_ends_training(spec: Spec, tmp_path: Path) -> None:
    optimizer = {"kind": "sgd", "rate": 1e-30}
    run = train(
        spec(train__optimizer=optimizer, train__validate_every=2, train__patience=3),
        tmp_path / "run",
    )
    assert (run.ended, run.steps, run.best_step) == ("patience", 8, 2)


def test_epochs_end_training(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(train__epochs=2), tmp_path / "run")
    assert (run.ended, run.steps) == ("epochs", 12)


def test_without_development_data_the_last_weights_are_the_best(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(data__dev=None, train__steps=3), tmp_path / "run")
    assert (run.best_loss, run.best_step) == (None, 3)
    assert run.best.read_bytes() == run.last.read_bytes()


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_signal_keeps_what_there_is(spec: Spec, tmp_path: Path, signal: type) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 25:
            raise signal

    with pytest.raises(signal):
        train(spec(), tmp_path / "run", report=stop)
    folder = tmp_path / "run"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["ended"], manifest["steps"], manifest["best"]["step"]) == ("stopped", 25, 20)
    for name in ("best", "last"):
        compile(load(folder / "spec.yaml")).fitted(folder / f"{name}.safetensors")


def test_overwriting(spec: Spec, tmp_path: Path) -> None:
    train(spec(train__steps=5), tmp_path / "run")
    run = train(spec(train__steps=1, train__seed=3), tmp_path / "run", overwrite=True)
    assert (run.steps, run.resumed) == (1, None)
    assert [path.name for path in (run.folder / "checkpoints").iterdir()] == ["00000001"]
    assert len(lines(run.log)) == 1


def test_what_is_no_run_is_not_replaced(spec: Spec, tmp_path: Path) -> None:
    given = spec(train__steps=1)
    with pytest.raises(TrainingError, match="cannot be a run folder"):
        train(given, tmp_path / "train.tsv" / "run")
    text = (tmp_path / "spec.yaml").read_text()
    for overwrite in (False, True):
        with pytest.raises(TrainingError, match=r"holds a spec.yaml, which the run's would"):
            train(given, tmp_path, overwrite=overwrite)
    assert (tmp_path / "spec.yaml").read_text() == text


def test_mistakes_come_before_anything_is_written(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="data: missing: train names no file"):
        train(spec(data__train=None), tmp_path / "run")
    with pytest.raises(SpecError, match="nobody reads"):
        train(spec(decoder=[{"embedding": 4}, "output"]), tmp_path / "run")
    given = spec()
    (tmp_path / "dev.tsv").write_text("ab ab\n")
    with pytest.raises(DataError, match=r"dev.tsv:1: no TAB"):
        train(given, tmp_path / "run")
    assert not (tmp_path / "run").exists()


SUBWORDS = """
source: {tokens: subwords, size: 300, end: true}
target: {tokens: subwords, vocabulary: shared}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, gru: {size: 8, start: encoder.final}, output]
data: {train: train.tsv, dev: dev.tsv}
train: {batch_tokens: 64, steps: 4, label_smoothing: 0.1}
"""


def test_subwords_lie_beside_the_spec(spec: Spec, tmp_path: Path) -> None:
    run = train(spec(SUBWORDS), tmp_path / "run")
    assert (run.folder / "source.json").exists()
    model = compile(load(run.spec))
    assert model.vocabularies["target"].decode(model.vocabularies["target"].encode("ab")) == "ab"
    model.fitted(run.best)


FORECASTER = """
source: {features: 2, static: {features: 3}}
target: {features: 1, normalize: {mean: [100], standard: [10]}}
steps: {calendar: {features: 2}}
encoder: [gru: 8]
decoder:
  - gru: {name: state, from: [input, calendar], size: 8, start: encoder.final}
  - output: {kind: gaussian}
data: {train: train.FORM}
train: {optimizer: {kind: adam, rate: 1e-2}, batch_size: 8, steps: 60}
outputs: [state]
"""


def series(count: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    rows = []
    for length in random.integers(2, 5, count).tolist():
        calendar = random.standard_normal((length, 2))
        rows.append(
            {
                "source": random.standard_normal((6, 2)).tolist(),
                "source_static": random.standard_normal(3).tolist(),
                "calendar": calendar.tolist(),
                "target": (100 + 10 * calendar[:, :1]).tolist(),
            }
        )
    return rows


def write_series(path: Path) -> None:
    rows = series(32)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return
    arrays: dict[str, Any] = {}
    for name in rows[0]:
        values = [np.array(row[name]) for row in rows]
        width = max(len(value) for value in values)
        arrays[name] = np.zeros((len(rows), width, *values[0].shape[1:]))
        for row, value in zip(arrays[name], values, strict=True):
            row[: len(value)] = value
        if name != "source_static":
            arrays[f"{name}_length"] = np.array([len(value) for value in values])
    np.savez(path, **arrays)


@pytest.mark.parametrize("form", ["jsonl", "npz"])
def test_features_with_values_known_ahead(spec: Spec, tmp_path: Path, form: str) -> None:
    write_series(tmp_path / f"train.{form}")
    reports: list[Progress] = []
    run = train(spec(FORECASTER.replace("FORM", form)), tmp_path / "run", report=reports.append)
    assert run.ended == "steps"
    # The calendar tells the target; -log N of a standard normal of its own is 1.4.
    assert reports[0].loss > 1.2
    assert reports[-1].loss < 0.9


def test_features_do_not_stand_between_tabs(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected .jsonl or .npz with source, source_static"):
        train(spec(FORECASTER.replace("FORM", "tsv")), tmp_path / "run")


TAGGER = """
source: {tokens: ids, size: 20}
target: {tokens: words, length: source}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {from: [embedding, encoder.here], size: 4}, output]
data: {train: train.tsv}
train: {batch_size: 2, steps: 2}
"""


def test_lengths_must_fit(spec: Spec, tmp_path: Path) -> None:
    given = spec(TAGGER)
    (tmp_path / "train.tsv").write_text("5 6\tN V\n5 6 7\tN V\n5 99\tN V\n")
    with pytest.raises(DataError) as caught:
        train(given, tmp_path / "run")
    first, second, _ = str(caught.value).splitlines()
    assert first.endswith("train.tsv:2: unequal lengths (source 3, target 2)")
    assert "train.tsv:3: bad 'source' (id 99 at place 1" in second
    assert not (tmp_path / "run").exists()
    (tmp_path / "train.tsv").write_text("5 6\tN V\n5 6 7\tN V V\n")
    train(given, tmp_path / "again")
