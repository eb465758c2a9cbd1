"""The run folder: what training leaves behind, each file written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from s2sgraph.spec import Spec, dump
from s2sgraph.train.checkpoints import sync, write
from s2sgraph.train.errors import TrainingError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where its files lie.
        steps: updates of the weights that were made.
        best_step: the update after which the best weights were kept.
        best_value: their figure of the development data; None without development data.
        seconds: how long training took, pauses left out.
        resumed: the update after which it went on from a checkpoint; None if it did not.
        ended: why it ended: `steps`, `epochs` or `patience`. A manifest may also say `stopped`,
            by a signal, or `failed`.
        best_by: what that figure is: `loss`, or the name of a metric.
    """

    folder: Path
    steps: int
    best_step: int
    best_value: float | None
    seconds: float
    ended: str
    resumed: int | None = None
    best_by: str = "loss"

    @property
    def best_loss(self) -> float | None:
        """The development loss of the best weights, where they were chosen by it."""
        return self.best_value if self.best_by == "loss" else None

    @property
    def spec(self) -> Path:
        """The resolved spec."""
        return self.folder / "spec.yaml"

    @property
    def best(self) -> Path:
        """The weights of the best validation; the last ones without development data."""
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
        """What is trained, from what, and how it ended; a folder without it is no run."""
        return self.folder / MANIFEST


class Folder:
    """A run folder being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def begun(self) -> bool:
        """Whether a run has been begun here."""
        return (self.path / MANIFEST).exists()

    def make(self) -> None:
        """An empty run folder.

        Raises:
            TrainingError: it cannot be made, or holds a spec or a manifest that is no run's.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in ("spec.yaml", "README.md"):
                if not self.begun and (self.path / name).exists():
                    message = f"{self.path} holds a {name}, which the run's would replace"
                    raise TrainingError(f"{message}; name another folder")
            if self.begun:
                self.manifest()
            self._clear()
        except OSError as error:
            raise TrainingError(f"{self.path} cannot be a run folder: {error.strerror}") from None

    def _clear(self) -> None:
        """Remove what a run has left; its manifest last, since it tells that all is a run's."""
        if self.begun:
            for name in ("checkpoints", "validations", "attention"):
                shutil.rmtree(self.path / name, ignore_errors=True)
            left = [*self.path.glob("*.safetensors"), *self.path.glob(".*.tmp")]
            known = [self.path / name for name in ("curves.png", "README.md", "spec.yaml")]
            for file in [*left, self._log, *known, self.path / MANIFEST]:
                file.unlink(missing_ok=True)

    def write(self, name: str, content: bytes | str) -> None:
        """A file under its own name only when it is whole and on the disk."""
        temporary = self.path / f".{name}.tmp"
        write(temporary, content.encode() if isinstance(content, str) else content)
        temporary.replace(self.path / name)
        sync(self.path)

    def write_spec(self, spec: Spec, files: Mapping[str, str | bytes]) -> Path:
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
        """The manifest."""
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        self.write(MANIFEST, text + "\n")

    def manifest(self) -> dict[str, Any]:
        """The manifest as it was written last; TrainingError if it cannot be read."""
        path = self.path / MANIFEST
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise TrainingError(f"{path} cannot be read: {error}") from None
        if not isinstance(found, dict) or "s2sgraph" not in found:
            raise TrainingError(f"{path} is not of a run; name another folder")
        return found

    # -- the log ----------------------------------------------------------------------

    def log(self, line: Mapping[str, Any]) -> None:
        """One more line of the log."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def keep_log(self) -> int:
        """Put the log on the disk; how many bytes it has."""
        with self._log.open("ab") as file:
            os.fsync(file.fileno())
            return file.tell()

    def cut_log(self, size: int) -> None:
        """Cut off what was logged behind so many bytes, which is going to be logged again."""
        with self._log.open("ab") as file:
            file.truncate(min(size, file.tell()))

    @property
    def _log(self) -> Path:
        return self.path / "log.jsonl"
