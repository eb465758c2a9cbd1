"""The run folder: what training leaves behind, each file written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from s2sgraph.spec import Spec, dump
from s2sgraph.train.errors import TrainingError


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where its files lie.
        steps: updates of the weights that were made.
        best_step: the update after which the best weights were kept.
        best_loss: their development loss; None without development data.
        seconds: how long training took.
        ended: why it ended: `steps`, `epochs` or `patience`. A manifest may also say `stopped`,
            by a signal, or `failed`.
    """

    folder: Path
    steps: int
    best_step: int
    best_loss: float | None
    seconds: float
    ended: str

    @property
    def spec(self) -> Path:
        """The resolved spec."""
        return self.folder / "spec.yaml"

    @property
    def best(self) -> Path:
        """The weights of least development loss; the last ones without development data."""
        return self.folder / "best.safetensors"

    @property
    def last(self) -> Path:
        """The weights when training ended."""
        return self.folder / "last.safetensors"

    @property
    def log(self) -> Path:
        """One JSON object for each report."""
        return self.folder / "log.jsonl"

    @property
    def manifest(self) -> Path:
        """What was trained, with what, and how it ended; written last."""
        return self.folder / "manifest.json"


class Folder:
    """A run folder being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def new(cls, path: Path, overwrite: bool) -> Folder:
        """An empty run folder; TrainingError if there is a run already, or it cannot be made."""
        written = [path / name for name in ("manifest.json", "log.jsonl", "spec.yaml")]
        try:
            path.mkdir(parents=True, exist_ok=True)
            found = [file for file in written if file.exists()]
            if found and not overwrite:
                message = f"{path} holds a run already ({found[0].name})"
                raise TrainingError(f"{message}; name another folder, or --overwrite it")
            for file in [*found, *path.glob("*.safetensors"), *path.glob(".*.tmp")]:
                file.unlink()
        except OSError as error:
            raise TrainingError(f"{path} cannot be a run folder: {error.strerror}") from None
        return cls(path)

    def write(self, name: str, content: bytes | str) -> None:
        """A file under its own name only when it is whole and on the disk."""
        temporary = self.path / f".{name}.tmp"
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)

    def write_spec(self, spec: Spec, files: Mapping[str, str]) -> Path:
        """The spec and the files it names; the path of the spec."""
        for name, text in files.items():
            self.write(name, text)
        self.write("spec.yaml", dump(spec, full=True))
        return self.path / "spec.yaml"

    def write_weights(self, name: str, weights: Mapping[str, Tensor], about: Any) -> None:
        """Weights by path, and what they are in the file's metadata."""
        plain = {path: weight.detach().contiguous() for path, weight in weights.items()}
        self.write(f"{name}.safetensors", save(plain, {"s2sgraph": json.dumps(about)}))

    def write_manifest(self, content: Mapping[str, Any]) -> None:
        """The manifest, which says that all other files are there."""
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        self.write("manifest.json", text + "\n")

    def log(self, line: Mapping[str, Any]) -> None:
        """One more line of the log."""
        with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
