"""`train`."""

import json
import os
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
    assert b"stopped; to go on: s2sgraph train run\n" in rest
    assert b"Traceback" not in rest
    assert json.loads((folder / "run" / "manifest.json").read_text())["ended"] == "stopped"
    assert (folder / "run" / "last.safetensors").exists()
