"""Checkpoints are whole or known not to be."""

import random
from pathlib import Path

import pytest
import torch

from s2sgraph.train import checkpoints
from s2sgraph.train.checkpoints import Checkpoint, CheckpointError, Checkpoints, read
from s2sgraph.train.state import State


def checkpoint(step: int) -> Checkpoint:
    weights = {"a.b": torch.arange(3.0) + step}
    return Checkpoint(State(step=step, best=0.5), weights, {"a.b:step": torch.tensor(2.0)}, {})


def test_written_and_read(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path / "checkpoints", keep=2).save(checkpoint(7))
    found = read(path)
    assert found.state == State(step=7, best=0.5)
    assert torch.equal(found.weights["a.b"], torch.arange(3.0) + 7)
    assert found.optimizer["a.b:step"].shape == ()
    assert found.average == {}


def test_the_newest_are_kept(tmp_path: Path) -> None:
    found = Checkpoints(tmp_path, keep=2)
    for step in (5, 100, 99_999_999, 100_000_000):
        found.save(checkpoint(step))
    assert [path.name for path in found.steps()] == ["100000000", "99999999"]


@pytest.mark.parametrize("seed", range(50))
def test_a_flipped_bit_is_found(tmp_path: Path, seed: int) -> None:
    found = Checkpoints(tmp_path, keep=2)
    found.save(checkpoint(5))
    path = found.save(checkpoint(7))
    dice = random.Random(seed)
    file = dice.choice(sorted(path.iterdir()))
    content = bytearray(file.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    file.write_bytes(content)
    newest, warnings = found.newest()
    assert newest is not None
    assert newest.state.step == 5
    assert warnings[0].startswith(f"{path} is damaged: ")
    # The next one takes the place of the damaged one, and the old one is not lost for it.
    Checkpoints(tmp_path, keep=1).save(checkpoint(6))
    assert [read(path).state.step for path in found.steps()] == [6]


@pytest.mark.parametrize("name", ["weights.safetensors", "state.json", "manifest.json"])
def test_a_missing_file_is_found(tmp_path: Path, name: str) -> None:
    path = Checkpoints(tmp_path, keep=2).save(checkpoint(7))
    (path / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        read(path)


def test_a_checkpoint_that_is_written_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Checkpoints(tmp_path, keep=1)
    found.save(checkpoint(5))
    write = checkpoints.write

    def full(path: Path, content: bytes) -> None:
        if path.name == "optimizer.safetensors":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(checkpoints, "write", full)
    with pytest.raises(OSError, match="No space"):
        found.save(checkpoint(6))
    assert [path.name for path in found.steps()] == ["00000005"]
    monkeypatch.undo()
    found.save(checkpoint(6))
    assert [path.name for path in tmp_path.iterdir()] == ["00000006"]
