"""Distillation against sums by hand, its teachers against their modules, and what it does."""

import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from s2sgraph.model import compile
from s2sgraph.spec import SpecError, load
from s2sgraph.spec.distillation import Distillation as Settings
from s2sgraph.train import Progress, Run, TrainingError, train, try_out
from s2sgraph.train.corpora import corpus
from s2sgraph.train.distillation import Distillation
from s2sgraph.train.examples import encode
from s2sgraph.train.feeding import SHARES, SYMBOLS, Batch, Predictions
from s2sgraph.train.predictions import Pieces, Predictor, all_taught
from s2sgraph.train.teachers import Teachers

Spec = Any
QUICK = {"train.evaluate.sentences": 0}
CPU = torch.device("cpu")
WORDS = ["".join("abcd"[n // 4**place % 4] for place in range(3)) for n in range(64)]


def write(tmp_path: Path, sources: list[str], targets: list[str]) -> None:
    """Training data in place of what the spec came with."""
    lines = (f"{source}\t{target}\n" for source, target in zip(sources, targets, strict=True))
    (tmp_path / "train.tsv").write_text("".join(lines))


# -- the loss -----------------------------------------------------------------------------


def batch_of(symbols: torch.Tensor, shares: torch.Tensor, lengths: list[int]) -> Batch:
    target = torch.ones(symbols.shape[:2], dtype=torch.int64)
    return Batch((), target, torch.tensor(lengths), predictions=Predictions(symbols, shares))


def loss_of(spec: Spec, **settings: float) -> Distillation:
    symbols = {f"{side}.symbols": [*"abcd"] for side in ("source", "target")}
    return Distillation(compile(spec().set(symbols)), Settings(**settings))  # 8 symbols, 0 pads


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_of_all_symbols_it_is_the_divergence(spec: Spec, temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    theirs = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64)
    theirs[:, :, 0] = -torch.inf
    shares, symbols = theirs.softmax(2).topk(7)
    loss = loss_of(spec, weight=0.5, temperature=temperature)
    found = loss({"logits": logits}, batch_of(symbols, shares, [3, 1]))
    [gradient] = torch.autograd.grad(found, logits)

    live = torch.tensor([[1, 1, 1], [1, 0, 0]])[:, :, None]
    own = (logits / temperature).log_softmax(2)
    wanted = (F.kl_div(own, theirs.softmax(2), reduction="none") * live).sum() * temperature**2
    [expected] = torch.autograd.grad(wanted, logits)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-9)
    torch.testing.assert_close(gradient, expected)
    assert loss.weight == 0.5


def test_what_is_not_kept_is_spread_over_the_other_symbols(spec: Spec) -> None:
    logits = torch.randn(1, 1, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    logits.requires_grad_()
    batch = batch_of(
        torch.tensor([[[5, 2]]]), torch.tensor([[[0.6, 0.3]]], dtype=torch.float64), [1]
    )
    found = loss_of(spec)({"logits": logits}, batch)
    rest = (1 - 0.6 - 0.3) / 5  # neither padding nor the two
    wanted = [0, rest, 0.3, rest, rest, 0.6, rest, rest]
    chances = logits[0, 0].softmax(0).tolist()
    hand = sum(p * math.log(p / q) for p, q in zip(wanted, chances, strict=True) if p)
    assert found.item() == pytest.approx(hand, rel=1e-9)
    found.backward()
    assert logits.grad is not None
    torch.testing.assert_close(
        logits.grad[0, 0],
        logits.detach()[0, 0].softmax(0) - torch.tensor(wanted, dtype=torch.float64),
    )


def test_a_student_that_is_its_teacher_has_no_loss_and_no_gradient(spec: Spec) -> None:
    logits = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(2), requires_grad=True)
    with torch.no_grad():
        logits[:, :, 0] = -1e9
    shares, symbols = logits.detach().softmax(2).topk(7)
    found = loss_of(spec)({"logits": logits}, batch_of(symbols, shares, [4]))
    found.backward()
    assert found.item() == pytest.approx(0, abs=1e-5)
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6


# -- teachers -----------------------------------------------------------------------------


def test_predictions_are_the_mean_of_what_each_gives_for_the_row_alone(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s2sgraph.train.predictions.PLACES", 64)
    given = spec().set(QUICK)
    words = ["abcd"[: 1 + n % 4] * (1 + n % 3) for n in range(40)]  # in no order of length
    write(tmp_path, words, words)
    runs = [
        train(given.set({"train.seed": seed, "train.steps": 8}), tmp_path / f"{seed}").folder
        for seed in (0, 1)
    ]
    model = compile(load(runs[0] / "spec.yaml"))
    files = corpus(model.spec, "train")
    assert files is not None
    rows = encode(model, files).rows
    settings = Settings(temperature=2, symbols=3)
    found = Predictor(Teachers.at(runs), settings, CPU)(rows)
    modules = [model.to_torch(weights=run / "best.safetensors").eval() for run in runs]
    assert len(found) == len(rows) == 40
    for row, predicted in zip(rows, found, strict=True):
        length = torch.tensor([len(row["source"])])
        inputs = torch.tensor(row["source"][None]), length, torch.tensor(row["target"][None])
        chances = torch.stack([module(*inputs)[0].softmax(1) for module in modules]).mean(0)
        chances[:, 0] = 0
        tempered = chances.sqrt() / chances.sqrt().sum(1, keepdim=True)
        shares, symbols = tempered.detach().topk(3)
        np.testing.assert_array_equal(predicted[SYMBOLS].reshape(-1, 3), symbols)
        np.testing.assert_allclose(predicted[SHARES], shares, rtol=1e-4)


def test_processes_share_the_pieces_and_whole_ones_are_taken(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s2sgraph.train.predictions.PIECE", 10)
    given = spec().set({**QUICK, "train.steps": 2, "train.distillation": {"symbols": 2}})
    teachers = Teachers.at([train(spec().set(QUICK), tmp_path / "teacher").folder])
    model = compile(teachers.close(given))
    files = corpus(given, "train")
    assert files is not None
    examples, settings = encode(model, files), given.train.distillation
    asked: list[int] = []

    class Watched(Predictor):
        def __call__(self, rows: Any) -> Any:
            asked.append(len(rows))
            return super().__call__(rows)

    def found(rank: int, count: int, *, teaches: bool = True) -> Any:
        pieces = Pieces(tmp_path / "taught", model, examples, teachers.hashes)
        asked.clear()
        one = SimpleNamespace(rank=rank, count=count, wait=lambda: None)
        ask = (lambda: Watched(teachers, settings, CPU)) if teaches else None
        return all_taught(pieces, ask, one)

    with pytest.raises(TrainingError, match="changed while it was read"):
        found(1, 2)  # the first process has made nothing
    assert asked == [10, 10]
    with pytest.raises(TrainingError, match="does not hold all"):
        found(1, 2, teaches=False)
    rows = found(0, 2).rows
    assert asked == [10, 10, 8]
    expected = Predictor(teachers, settings, CPU)(examples.rows)
    assert len(rows) == 48
    for row, alone in zip(rows, expected, strict=True):
        np.testing.assert_array_equal(row[SYMBOLS], alone[SYMBOLS])
        np.testing.assert_allclose(row[SHARES], alone[SHARES], rtol=1e-5)
    (tmp_path / "taught" / "3" / f"{SYMBOLS}.bin").unlink()
    found(0, 1)
    assert asked == [10]
    found(1, 3, teaches=False)
    assert asked == []


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "a vocabulary": (
        {"target.symbols": [*"abcde"]},
        r"another vocabulary of target \(8 symbols, the student's 9\)",
    ),
    "a side": (
        {"source": {"features": 2}, "encoder": [{"gru": 16}]},
        r"hold source \(a text\), target \(a text\); the student's source \(frames of 2 numbers\)",
    ),
    "a length": ({"target.length": "source"}, "target.length is free, the student's source"),
}


@pytest.mark.parametrize("change", OTHERS)
def test_teachers_that_read_or_write_something_else(
    spec: Spec, tmp_path: Path, change: str
) -> None:
    symbols = {f"{side}.symbols": [*"abcd"] for side in ("source", "target")}
    teacher = train(spec().set({**symbols, **QUICK, "train.steps": 1}), tmp_path / "teacher")
    changes, message = OTHERS[change]
    if change == "a side":
        symbols.pop("source.symbols")
    other = spec().set({**symbols, **changes})
    model = compile(other)
    with pytest.raises(TrainingError, match=message) as caught:
        Teachers.at([teacher.folder]).check(model)
    assert str(teacher.folder) in str(caught.value)


def test_who_is_no_teacher(spec: Spec, tmp_path: Path) -> None:
    run = train(spec().set({**QUICK, "train.steps": 1}), tmp_path / "teacher")
    with pytest.raises(TrainingError, match="nobody knows the model that they are of; name a run"):
        train(spec(), tmp_path / "run", teachers=[run.best])
    with pytest.raises(TrainingError, match=r"nowhere is no run with best.safetensors"):
        train(spec(), tmp_path / "run", teachers=[tmp_path / "nowhere"])
    with pytest.raises(TrainingError, match="cannot be replaced by a run that needs its weights"):
        train(spec(), run.folder, teachers=[run.folder], overwrite=True)
    with pytest.raises(SpecError, match=r"train.distillation: nobody teaches"):
        train(spec().set({"train.distillation": {}}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# -- training -----------------------------------------------------------------------------


@pytest.fixture
def teacher(spec: Spec, tmp_path: Path) -> Path:
    """A run whose vocabulary has an order of its own."""
    given = spec().set({**QUICK, "train.steps": 60})
    write(tmp_path, WORDS[::-1], WORDS[::-1])
    return train(given, tmp_path / "teacher").folder


def logged(run: Run, name: str) -> list[float]:
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def test_a_student_comes_near_its_teacher(spec: Spec, tmp_path: Path, teacher: Path) -> None:
    """Even of one that learns nothing else: its data are noise."""
    given = spec().set({**QUICK, "train.log_every": 10, "train.validate_every": 100})
    write(tmp_path, WORDS, [WORDS[n * 29 % 64] for n in range(64)])
    losses = {}
    for weight in (1e-9, 20.0):
        asked = given.set({"train.distillation": {"weight": weight, "temperature": 2}})
        run = train(asked, tmp_path / f"{weight}", teachers=[teacher])
        losses[weight] = logged(run, "distillation_loss")
        assert len(logged(run, "loss")) == 4
    assert 0 < losses[20.0][-1] < 0.5 * losses[20.0][0]
    assert losses[20.0][-1] < 0.7 * losses[1e-9][-1]


def stop(progress: Progress) -> None:
    if progress.step in (3, 11, 20):
        raise KeyboardInterrupt


def test_it_goes_on_bit_for_bit_also_without_its_teachers(
    spec: Spec, tmp_path: Path, teacher: Path
) -> None:
    given = spec().set({**QUICK, "train.log_every": 3, "encoder.embedding.dropout": 0.3})
    whole = train(given, tmp_path / "whole", teachers=[teacher])
    assert load(whole.spec).train.distillation == Settings()
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(given, run, teachers=[teacher], report=stop)
    with pytest.raises(KeyboardInterrupt):
        train(given, run, teachers=[teacher], report=stop)
    teacher.rename(tmp_path / "elsewhere")
    with pytest.raises(KeyboardInterrupt):
        train(load(run / "spec.yaml"), run, report=stop)
    ended = train(load(run / "spec.yaml"), run)
    assert ended.resumed == 20
    assert ended.last.read_bytes() == whole.last.read_bytes()
    for name in ("loss", "distillation_loss", "dev_loss"):
        assert logged(ended, name) == logged(whole, name)


def test_it_goes_on_with_the_predictions_that_it_began_with(
    spec: Spec, tmp_path: Path, teacher: Path
) -> None:
    given, run = spec().set(QUICK), tmp_path / "run"
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        train(given, run, teachers=[teacher], report=stop, tell=told.append)
    assert told == [
        f"48 rows are predicted first by {teacher}",
        f"stopped after step 3; to go on: s2sgraph train {run}",
    ]
    other = train(given.set({"train.steps": 1}), tmp_path / "other").folder
    with pytest.raises(TrainingError, match="the teachers are others"):
        train(given, run, teachers=[other])
    with pytest.raises(TrainingError, match="the teachers are others"):
        train(given, run, teachers=[teacher, other])
    (run / "rows" / "taught" / "0" / f"{SHARES}.bin").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"does not hold all that the teach.*\(--teacher\)"):
        train(load(run / "spec.yaml"), run)
    assert train(given, run, teachers=[teacher]).resumed == 3


def test_open_vocabularies_are_those_of_the_teacher(
    spec: Spec, tmp_path: Path, teacher: Path
) -> None:
    given = spec().set({**QUICK, "train.steps": 1})
    write(tmp_path, ["dd", "ca"], ["dd", "ca"])
    run = train(given, tmp_path / "run", teachers=[teacher])
    assert load(run.spec).target.symbols == load(teacher / "spec.yaml").target.symbols


def test_with_a_teacher_of_another_kind_that_copies(spec: Spec, tmp_path: Path) -> None:
    """Symbols beyond the vocabulary are predicted too."""
    copying = {
        "source.tokens": "words",
        "target.tokens": "words",
        "source.symbols": [*"abc"],
        "target.vocabulary": "shared",
        "decoder": [
            {"embedding": 8},
            {"gru": {"size": 16, "start": "encoder.final"}},
            {"attention": {"name": "context", "query": "gru", "score": "dot"}},
            {"output": {"copy": "context", "gate": ["gru", "context"]}},
        ],
    }
    given = spec().set({**copying, **QUICK, "train.log_every": 10})
    words = [" ".join(word) for word in WORDS]
    write(tmp_path, words, words)
    first = train(given, tmp_path / "first")
    model = compile(load(first.spec))
    files = corpus(model.spec, "train")
    assert files is not None
    kept = Predictor(Teachers.at([first.folder]), Settings(), CPU)(encode(model, files).rows)
    assert {row[SHARES].shape[1] for row in kept} == {6}
    assert max(row[SYMBOLS].max() for row in kept) >= 7
    student = given.set({"encoder.gru.size": 8, "decoder.gru.size": 8, "train.seed": 1})
    run = train(student, tmp_path / "run", teachers=[first.folder])
    losses = logged(run, "distillation_loss")
    assert losses[-1] < losses[0]


def test_a_trial_asks_teachers_too(spec: Spec, tmp_path: Path, teacher: Path) -> None:
    given = spec().set(QUICK)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert try_out(given, teachers=[teacher]).seconds > 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_card_names_teachers(spec: Spec, tmp_path: Path, teacher: Path) -> None:
    run = train(spec().set({**QUICK, "train.steps": 1}), tmp_path / "run", teachers=[teacher])
    manifest = json.loads(run.manifest.read_text())
    [about] = manifest["teachers"]
    assert about["run"] == "../teacher"
    assert f"| ../teacher | `{about['sha256']}` |" in (run.folder / "README.md").read_text()
    shutil.rmtree(teacher)
    assert train(load(run.spec), run.folder).resumed == 1
