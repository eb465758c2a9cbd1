"""`train`."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.spec import load

SPEC = """
name: copying
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 8, gru: 8]
decoder: [embedding: 8, gru: {size: 8, start: encoder.final}, output]
data: {train: train.tsv, dev: dev.tsv}
train: {batch_size: 8, steps: 10, validate_every: 5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spec.yaml").write_text(SPEC)
    words = [f"{a}{b}" for a in "abc" for b in "abc"]
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text("".join(f"{w}\t{w}\n" for w in words))
    return tmp_path


def test_a_run(cli: Any, folder: Path) -> None:
    done = cli("train", folder / "spec.yaml", "-o", folder / "run")
    assert done.code == 0, done.err
    assert [line.partition("  ")[0] for line in done.err.splitlines()] == [
        "step 5/10",
        "step 10/10",
    ]
    assert done.out.startswith("10 steps in ")
    assert f"next: s2sgraph export {folder / 'run'} -o model.onnx" in done.out
    assert (folder / "run" / "best.safetensors").exists()


def test_only_the_first_process_speaks(
    cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")  # as torchrun numbers the second
    for asked in (("-o", folder / "run"), ("--dry-run",)):
        done = cli("train", folder / "spec.yaml", *asked)
        assert (done.code, done.out) == (0, ""), done.err


@pytest.mark.long
def test_several_processes_speak_once(folder: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "-m", "s2sgraph", "train", "spec.yaml", "-o", "run"],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    steps, best, following = done.stdout.splitlines()
    assert steps.startswith("10 steps in ")
    assert best.startswith("best after step ")
    assert following == "next: s2sgraph export run -o model.onnx"
    assert done.stderr.count("step 10/10") == 1


def test_settings_and_files_in_place_of_the_spec_s(
    cli: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder / "data"
    data.mkdir()
    for name in ("train", "dev"):
        (folder / f"{name}.tsv").rename(data / f"{name}.txt")
    monkeypatch.chdir(data)
    options = ("--train", "train.txt", "--dev", "dev.txt", "--seed", 7, "--set", "train.steps=3")
    done = cli("train", "../spec.yaml", "-o", "../run", *options)
    assert done.code == 0, done.err
    spec = load(folder / "run" / "spec.yaml")
    assert (spec.train.seed, spec.train.steps) == (7, 3)
    assert [part.file for part in (*spec.data.train, *spec.data.dev)] == [
        "../data/train.txt",
        "../data/dev.txt",
    ]


def test_mistakes_have_their_exit_codes(cli: Any, folder: Path) -> None:
    spec, run = folder / "spec.yaml", folder / "run"
    assert cli("train", spec, "-o", run, "--set", "train.stepz=3").code == 2
    assert cli("train", spec, "-o", run, "--set", "data={}").code == 2
    assert cli("train", spec, "-o", run, "--train", folder / "none.tsv").code == 3
    assert not run.exists()
    wild = ("--set", "train.clip=null", "--set", "train.optimizer={kind: sgd, rate: 1e38}")
    done = cli("train", spec, "-o", run, *wild)
    assert (done.code, "lines of its batch" in done.err) == (5, True)
    done = cli("train", spec, "-o", run)
    assert (done.code, "train.clip was not given and is 1.0" in done.err) == (5, True)
    assert cli("train", spec, "-o", run, "--overwrite").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_the_run(folder: Path, number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "s2sgraph", "train", "spec.yaml", "-o", "run"]
    with subprocess.Popen(
        [*command, "--set", "train.steps=1000000"],
        cwd=folder,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"step 5/1000000 ")
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(20) == code
    assert re.search(rb"^stopped after step \d+; to go on: s2sgraph train run$", rest, re.M)
    assert b"Traceback" not in rest
    assert json.loads((folder / "run" / "manifest.json").read_text())["ended"] == "stopped"
    assert (folder / "run" / "last.safetensors").exists()


def test_a_run_goes_on_by_its_folder(cli: Any, folder: Path) -> None:
    run = folder / "run"
    assert cli("train", folder / "spec.yaml", "-o", run).code == 0
    done = cli("train", run)
    assert (done.code, done.err) == (0, f"{run} goes on after step 10\n")
    assert done.out.startswith(f"nothing was left to do: {run} ended after step 10\n")
    done = cli("train", run, "--set", "train.steps=15")
    assert (done.code, "step 15/15" in done.err) == (0, True)
    assert done.out.startswith("15 steps in ")


def test_weights_of_another_run(cli: Any, folder: Path) -> None:
    spec = folder / "spec.yaml"
    assert cli("train", spec, "-o", folder / "run").code == 0
    options = ("--from", folder / "run", "--freeze", "encoder", "--freeze", "decoder.output")
    assert cli("train", spec, "-o", folder / "tuned", *options).code == 0
    assert load(folder / "tuned" / "spec.yaml").train.freeze == ("encoder", "decoder.output")
    done = cli("train", spec, "-o", folder / "other", "--from", folder / "nowhere")
    assert (done.code, "is no run with best.safetensors" in done.err) == (5, True)


def test_teachers(cli: Any, folder: Path) -> None:
    spec, run = folder / "spec.yaml", folder / "run"
    for seed in ("1", "2"):
        assert cli("train", spec, "-o", folder / seed, "--seed", seed).code == 0
    options = ("--teacher", folder / "1", "--teacher", folder / "2")
    done = cli("train", spec, "-o", run, *options)
    assert done.code == 0, done.err
    first, *lines = done.err.splitlines()
    assert first == f"9 rows are predicted first by {folder / '1'} and {folder / '2'}"
    assert "distillation_loss" in lines[-1]
    assert cli("train", spec, "--dry-run", *options).code == 0
    done = cli("train", spec, "-o", folder / "other", "--set", "train.distillation={}")
    assert (done.code, "name trained runs: --teacher RUN" in done.err) == (2, True)


def test_symbols_are_added_to_the_vocabularies_of_another_run(cli: Any, folder: Path) -> None:
    spec = folder / "spec.yaml"
    assert cli("train", spec, "-o", folder / "run").code == 0
    (folder / "new.tsv").write_text("ax\tby\n" * 9)
    options = ("--train", folder / "new.tsv", "--from", folder / "run", "--add-symbols")
    done = cli("train", spec, "-o", folder / "tuned", *options)
    assert done.code == 0, done.err
    assert done.err.splitlines()[:2] == [
        "source: 1 symbol is added to 7: 'x'",
        "target: 1 symbol is added to 7: 'y'",
    ]
    assert load(folder / "tuned" / "spec.yaml").source.symbols == ("a", "b", "c", "x")
    assert cli("train", spec, "--dry-run", *options).code == 0
    done = cli("train", spec, "-o", folder / "other", "--add-symbols")
    assert (done.code, "--from RUN" in done.err) == (2, True)


def test_a_dry_run_leaves_nothing(cli: Any, folder: Path) -> None:
    done = cli("train", folder / "spec.yaml", "--dry-run", "--freeze", "encoder")
    assert done.code == 0, done.err
    weights, rows, *_ = done.out.splitlines()
    assert weights == "1,039 weights, 488 of them frozen"
    assert rows == "9 rows; 2 updates in a pass over them, 10 in all"
    assert {path.name for path in folder.iterdir()} == {"spec.yaml", "train.tsv", "dev.tsv"}
    assert cli("train", folder / "spec.yaml").code == 2
