"""A run that was stopped goes on as if it had never stopped, bit for bit."""

import json
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attending import ATTENDING
from long_cases import long_but

from s2sgraph.spec import load
from s2sgraph.train import Progress, Run, TrainingError, train
from s2sgraph.train.checkpoints import Checkpoints
from s2sgraph.train.folder import Folder

Spec = Any

EVERYTHING: dict[str, Any] = {
    "encoder.embedding.dropout": 0.3,
    "train.steps": 25,
    "train.batch_size": 4,
    "train.accumulate": 3,
    "train.schedule": {"kind": "cosine", "warmup": 5},
    "train.clip": 0.5,
    "train.validate_every": 4,
    "train.save_every": 7,
    "train.log_every": 3,
}
KINDS: dict[str, dict[str, Any]] = {
    "adamw, ema": {"train.average": {"kind": "ema", "decay": 0.9}},
    "adafactor, plateau, newest": {
        "train.evaluate.sentences": 0,
        "train.optimizer": {"kind": "adafactor", "rate": 0.1},
        "train.schedule": {"kind": "plateau", "patience": 1},
        "train.average": {"kind": "newest", "count": 2},
    },
    "muon": {
        "train.evaluate.sentences": 0,
        "train.optimizer": {"kind": "muon", "rate": 1e-2},
        "train.freeze": ["encoder.gru.input"],
    },
    "sgd, frozen": {
        "train.evaluate.sentences": 0,
        "train.optimizer": {"kind": "sgd", "rate": 0.1, "momentum": 0.9},
        "train.freeze": ["encoder.embedding"],
    },
    "r_drop": {"train.r_drop": 1, "train.evaluate.sentences": 0},
    "losses of attention, scheduled sampling": {
        **ATTENDING,
        "train.evaluate.sentences": 0,
        "train.scheduled_sampling": {"kind": "linear", "steps": 15, "predictions": "sample"},
    },
}


def stopping(*steps: int) -> Callable[[Progress], None]:
    """A report that asks for an end after these updates."""

    def report(progress: Progress) -> None:
        if progress.step in steps:
            raise KeyboardInterrupt

    return report


def stop(spec: Spec, folder: Path, step: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(spec, folder, report=stopping(step))


def logged(run: Run) -> list[dict[str, Any]]:
    """The log without what the clock says."""
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [
        {name: v for name, v in line.items() if name not in ("seconds", "tokens_per_second")}
        for line in lines
    ]


def assert_equal(run: Run, other: Run) -> None:
    assert run.last.read_bytes() == other.last.read_bytes()
    assert run.best.read_bytes() == other.best.read_bytes()
    assert logged(run) == logged(other)
    assert (run.steps, run.best_step, run.best_loss) == (
        other.steps, other.best_step, other.best_loss,
    )  # fmt: skip


def stopped_after(steps: Iterable[int], given: Spec, folder: Path) -> None:
    (folder / "train.align").write_text("0-0 1-1 2-2\n" * 48)
    whole = train(given, folder / "whole")
    for step in steps:
        stop(given, folder / "parts", step)
    run = train(given, folder / "parts")
    assert run.resumed == step
    assert_equal(run, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_before_and_after_validating_and_saving(
    spec: Spec, tmp_path: Path, kind: str
) -> None:
    stopped_after((1, 7, 8, 11, 12, 24), spec().set(EVERYTHING | KINDS[kind]), tmp_path)


@pytest.mark.parametrize("kind", long_but(["muon"], KINDS))
def test_stopped_after_every_update(spec: Spec, tmp_path: Path, kind: str) -> None:
    stopped_after(range(1, 25), spec().set(EVERYTHING | KINDS[kind]), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("step", range(1, 25))
def test_stopped_once(spec: Spec, tmp_path: Path, step: int) -> None:
    given = spec().set(EVERYTHING)
    whole = train(given, tmp_path / "whole")
    stop(given, tmp_path / "parts", step)
    assert_equal(train(given, tmp_path / "parts"), whole)


def test_a_damaged_checkpoint_costs_one_save_interval(spec: Spec, tmp_path: Path) -> None:
    given = spec().set({**EVERYTHING, "train.save_every": 4})
    whole = train(given, tmp_path / "whole")
    stop(given, tmp_path / "run", 18)
    weights = tmp_path / "run" / "checkpoints" / "00000018" / "optimizer.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    told: list[str] = []
    run = train(given, tmp_path / "run", tell=told.append)
    assert run.resumed == 16
    assert told == [
        f"{weights.parent} is damaged: optimizer.safetensors has another sha256 than"
        " manifest.json says",
        f"{tmp_path / 'run'} goes on after step 16",
    ]
    assert_equal(run, whole)


def test_without_a_whole_checkpoint(spec: Spec, tmp_path: Path) -> None:
    stop(spec(), tmp_path / "run", 5)
    for state in (tmp_path / "run" / "checkpoints").glob("*/state.json"):
        state.unlink()
    with pytest.raises(TrainingError, match=r"no checkpoint of .* is whole; --overwrite"):
        train(spec(), tmp_path / "run")


def test_a_run_killed_before_its_first_checkpoint_begins_anew(spec: Spec, tmp_path: Path) -> None:
    whole = train(spec(), tmp_path / "whole")
    stop(spec(), tmp_path / "run", 5)
    (tmp_path / "run" / "checkpoints" / "00000005").rename(tmp_path / "elsewhere")
    run = train(spec(), tmp_path / "run")
    assert run.resumed is None
    assert_equal(run, whole)


def test_a_run_killed_while_its_folder_was_made_begins_anew(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Folder.write_spec

    def killed(self: Folder, *given: Any) -> Path:
        write(self, *given)
        raise KeyboardInterrupt

    monkeypatch.setattr(Folder, "write_spec", killed)
    with pytest.raises(KeyboardInterrupt):
        train(spec(), tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"manifest.json", "spec.yaml"}
    monkeypatch.undo()
    assert train(spec(), tmp_path / "run").ended == "steps"


def test_a_disk_that_is_full_leaves_the_checkpoint_before(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Checkpoints.save

    def full(self: Checkpoints, checkpoint: Any) -> Path:
        if checkpoint.state.step > 10:
            raise OSError(28, "No space left on device")
        return save(self, checkpoint)

    monkeypatch.setattr(Checkpoints, "save", full)
    for settings in ({}, {"train__steps": 15}):
        with pytest.raises(TrainingError, match=r"run cannot be written: No space left on device"):
            train(spec(train__save_every=10, **settings), tmp_path / "run", overwrite=True)
    monkeypatch.undo()
    assert train(spec(train__save_every=10), tmp_path / "run").resumed == 10


def test_what_has_ended_stays(spec: Spec, tmp_path: Path) -> None:
    first = train(spec(), tmp_path / "run")
    content = {path: path.read_bytes() for path in (first.best, first.last, first.log)}
    again = train(spec(), tmp_path / "run")
    assert (again.resumed, again.ended) == (40, "steps")
    assert content == {path: path.read_bytes() for path in content}


def test_more_steps(spec: Spec, tmp_path: Path) -> None:
    whole = train(spec(train__steps=30, train__validate_every=10), tmp_path / "whole")
    train(spec(train__steps=20, train__validate_every=10), tmp_path / "run")
    longer = spec(train__steps=30, train__validate_every=10, train__patience=5)
    run = train(longer, tmp_path / "run")
    assert run.resumed == 20
    assert load(run.spec).train.steps == 30
    assert run.last.read_bytes() == whole.last.read_bytes()
    # And once more, in the same words.
    assert train(longer, tmp_path / "run").resumed == 30


def test_the_spec_in_the_folder_goes_on_too(spec: Spec, tmp_path: Path) -> None:
    whole = train(spec(), tmp_path / "whole")
    stop(spec(), tmp_path / "run", 25)
    run = train(load(tmp_path / "run" / "spec.yaml"), tmp_path / "run")
    assert run.resumed == 25
    assert_equal(run, whole)


def test_a_run_may_be_moved(spec: Spec, tmp_path: Path) -> None:
    given = spec()
    stop(given, tmp_path / "run", 25)
    (tmp_path / "deep").mkdir()
    (tmp_path / "run").rename(tmp_path / "deep" / "moved")
    assert train(given, tmp_path / "deep" / "moved").resumed == 25


def test_another_spec_is_refused(spec: Spec, tmp_path: Path) -> None:
    stop(spec(), tmp_path / "run", 5)
    changed = spec().set(
        {"encoder.embedding.size": 9, "train.clip": None, "train.epochs": 3, "train.seed": 1}
    )
    with pytest.raises(TrainingError) as caught:
        train(changed, tmp_path / "run")
    first, *lines, last = str(caught.value).splitlines()
    assert first == f"{tmp_path / 'run'} holds a run that was begun with something else:"
    assert lines == [
        "  encoder[0].embedding.size was 8 and is 9",
        "  train.clip was 1.0 and is not given",
        "  train.seed was 0 and is 1",
    ]
    assert last.startswith("--overwrite replaces it; --from")


def test_a_schedule_that_depends_on_the_end(spec: Spec, tmp_path: Path) -> None:
    stop(spec(train__schedule="linear"), tmp_path / "run", 5)
    with pytest.raises(TrainingError, match=r"train.steps was 40 and is 50"):
        train(spec(train__schedule="linear", train__steps=50), tmp_path / "run")


def test_other_data_are_refused(spec: Spec, tmp_path: Path) -> None:
    given = spec()
    stop(given, tmp_path / "run", 5)
    (tmp_path / "dev.tsv").write_text("ab\tab\n")
    with pytest.raises(TrainingError, match=r"data.dev: the files have other content"):
        train(given, tmp_path / "run")


def test_a_folder_of_another_version(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text('{"s2sgraph": "0.0.1"}')
    with pytest.raises(TrainingError, match="holds a run of another version"):
        train(spec(), tmp_path / "run")
    (tmp_path / "run" / "manifest.json").write_text('{"name": "a web page"}')
    for overwrite in (False, True):
        with pytest.raises(TrainingError, match="is not of a run"):
            train(spec(), tmp_path / "run", overwrite=overwrite)


def test_the_speed_after_a_stop_is_that_of_what_follows(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on by a second whenever it is asked."""
    monkeypatch.setattr("s2sgraph.train.loop.time.perf_counter", count(0.0).__next__)
    given = spec().set(EVERYTHING | {"train.log_every": 20, "train.validate_every": 99})
    speeds = []
    for folder, stops in ((tmp_path / "whole", []), (tmp_path / "parts", [15])):
        for step in stops:
            stop(given, folder, step)
        lines = train(given, folder).log.read_text().splitlines()
        speeds.append(json.loads(lines[0])["tokens_per_second"])
    assert speeds[1] == pytest.approx(speeds[0], rel=0.5)
