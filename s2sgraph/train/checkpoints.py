"""Checkpoints: folders that are whole or not there, and are known to be whole by their hashes.

checkpoints/00000500/weights.safetensors      weights by path
optimizer.safetensors    what the optimizer keeps, as PATH:KEY
average.safetensors      what a mean of the weights keeps
state.json               where training stands
manifest.json            the sha256 of each; written last
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from s2sgraph.train.state import State

Tensors = dict[str, Tensor]
MANIFEST = "manifest.json"
_NAMES = ("weights.safetensors", "optimizer.safetensors", "average.safetensors", "state.json")


class CheckpointError(Exception):
    """A checkpoint is not as it was written; the text says what is wrong."""


@dataclass(frozen=True)
class Checkpoint:
    """What training goes on from.

    Attributes:
        state: where training stands.
        weights: by path.
        optimizer: what the optimizer keeps.
        average: what a mean of the weights keeps.
    """

    state: State
    weights: Tensors
    optimizer: Tensors
    average: Tensors

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files by name."""
        parts = (self.weights, self.optimizer, self.average)
        for name, tensors in zip(_NAMES, parts, strict=False):
            yield name, save({key: t.detach().contiguous() for key, t in tensors.items()})
        yield "state.json", json.dumps(self.state.to_json(), indent=2).encode()


class Checkpoints:
    """The checkpoints of a run.

    Args:
        folder: where they lie; made with the first of them.
        keep: how many are kept.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint, then remove the oldest; OSError if the disk does not take it."""
        self.folder.mkdir(exist_ok=True)
        place = self.folder / f"{checkpoint.state.step:08}"
        temporary = _empty(place.with_name(f".{place.name}.tmp"))
        hashes = {}
        for name, content in checkpoint.files():
            write(temporary / name, content)
            hashes[name] = hashlib.sha256(content).hexdigest()
        write(temporary / MANIFEST, json.dumps({"sha256": hashes}, indent=2).encode())
        sync(temporary)
        if place.exists():
            shutil.rmtree(place)
        temporary.rename(place)
        sync(self.folder)
        self._tidy(place)
        return place

    def _tidy(self, newest: Path) -> None:
        """Remove what is too old, what is damaged ahead of the newest, and what a kill left."""
        found = self.steps()
        ahead = found.index(newest)
        for path in [*found[:ahead], *found[ahead + self.keep :], *self.folder.glob(".*.tmp")]:
            shutil.rmtree(path)

    def steps(self) -> list[Path]:
        """The checkpoints there are, the newest first."""
        found = [path for path in self.folder.glob("*") if path.name.isdecimal()]
        return sorted(found, key=lambda path: int(path.name), reverse=True)

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest checkpoint that is whole, and what is wrong with newer ones."""
        warnings: list[str] = []
        for path in self.steps():
            try:
                return read(path), warnings
            except CheckpointError as error:
                warnings.append(f"{path} is damaged: {error}")
        return None, warnings


def read(path: Path) -> Checkpoint:
    """A checkpoint from its folder; CheckpointError if a file is not the one that was written."""
    try:
        hashes = json.loads((path / MANIFEST).read_bytes())["sha256"]
        contents = {name: (path / name).read_bytes() for name in _NAMES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{error}") from None
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != hashes.get(name):
            raise CheckpointError(f"{name} has another sha256 than {MANIFEST} says")
    try:
        state = State.from_json(json.loads(contents["state.json"]))
    except ValueError as error:
        raise CheckpointError(f"state.json is of another version: {error}") from None
    return Checkpoint(state, *(load(contents[name]) for name in _NAMES[:3]))


def write(path: Path, content: bytes) -> None:
    """A file whose content is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _empty(path: Path) -> Path:
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()
    return path
