"""Teachers: trained models, and what they predict at every place of the target of each row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2sgraph.data import Batches
from s2sgraph.data.store import Arrays, Builder, Shape, opened
from s2sgraph.model import Model, compile
from s2sgraph.spec import Spec
from s2sgraph.spec.distillation import Distillation
from s2sgraph.train.corpora import fields, named_from
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import Examples
from s2sgraph.train.feeding import SHARES, SYMBOLS, Feeder
from s2sgraph.train.origin import digest
from s2sgraph.train.starting import Start

POOL = 2**15
"""Rows that are sorted by length, predicted and put back into their order together."""
PLACES = 4096
"""Places of a batch, padding included."""


class Taught(Sequence[Arrays]):
    """Rows, and beside the arrays of each what teachers predict of it."""

    def __init__(
        self, rows: Sequence[Arrays], predictions: Sequence[Arrays] | Mapping[int, Arrays]
    ) -> None:
        self.rows, self.predictions = rows, predictions

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, row: int) -> Arrays: ...
    @overload
    def __getitem__(self, row: slice) -> list[Arrays]: ...
    def __getitem__(self, row: int | slice) -> Arrays | list[Arrays]:
        """The arrays of a row, or of some."""
        if isinstance(row, slice):
            return [self[index] for index in range(*row.indices(len(self)))]
        return {**self.rows[row], **self.predictions[row]}


@dataclass(frozen=True)
class Teachers:
    """Trained models that a student learns from by the mean of their probabilities.

    Attributes:
        runs: their run folders, whose best weights are meant.
    """

    runs: tuple[Start, ...]

    @classmethod
    def at(cls, paths: Sequence[str | PathLike[str]]) -> Teachers:
        """The best weights of run folders.

        Raises:
            TrainingError: one of them is no run folder.
        """
        found = [Start.at(path) for path in paths]
        for path, run in zip(paths, found, strict=True):
            if run.spec is None:
                message = f"{path} is a file of weights: nobody knows the model that they are of"
                raise TrainingError(f"{message}; name a run folder")
        return cls(tuple(found))

    @property
    def hashes(self) -> tuple[str, ...]:
        """A hash of the spec and the weights of each."""
        return tuple(map(_hash, self.runs))

    def described(self, place: Path) -> list[dict[str, str]]:
        """For a manifest: each run by its way from a spec at `place`, and its hash."""
        return [
            {"run": named_from(place, run.weights.parent), "sha256": found}
            for run, found in zip(self.runs, self.hashes, strict=True)
        ]

    def close(self, spec: Spec) -> Spec:
        """A spec whose open vocabularies are those of the first teacher."""
        return self.runs[0].close(spec)

    def check(self, student: Model) -> None:
        """Whether teachers and student read and write the same.

        Raises:
            TrainingError: they have other sides or vocabularies; says which teacher, and what.
        """
        differences = [
            f"{run.weights.parent}: {difference}"
            for run in self.runs
            for difference in _differences(student, self._model(run))
        ]
        if differences:
            lines = "".join(f"\n  {line}" for line in differences)
            raise TrainingError(
                f"teachers read or write otherwise than the student:{lines}\n"
                "Vocabularies that the spec leaves open are those of the first teacher."
            )

    def _model(self, run: Start) -> Model:
        assert run.spec is not None
        return compile(run.spec)

    def teach(
        self, model: Model, examples: Examples, numbers: Sequence[int], device: torch.device
    ) -> Examples:
        """The examples with predictions of some of their rows, and of no others."""
        settings = model.spec.train.distillation
        assert settings is not None
        found = self.predictions([examples.rows[n] for n in numbers], settings, device)
        return replace(examples, rows=Taught(examples.rows, dict(zip(numbers, found, strict=True))))

    def predictions(
        self, rows: Sequence[Arrays], settings: Distillation, device: torch.device
    ) -> Iterator[Arrays]:
        """What the teachers predict of each row, in the order of the rows.

        `teachers.symbols` int32[time * kept] and `teachers.shares` float32[time, kept]: at every
        place of the target the symbols that they find most likely, and their probabilities.
        """
        oracles = [_Oracle(self._model(run), run, device) for run in self.runs]
        for start in range(0, len(rows), POOL):
            pool = [rows[row] for row in range(start, min(start + POOL, len(rows)))]
            found: list[Arrays] = [{}] * len(pool)
            lengths = np.array([[len(row[n]) for n in oracles[0].feed.sequences] for row in pool])
            for numbers in Batches(lengths, batch_tokens=PLACES).in_order():
                batch = [pool[number] for number in numbers]
                mean = torch.stack([oracle(batch) for oracle in oracles]).mean(0)
                kept = _kept(mean, settings, *oracles[0].output)
                for number, row, symbols, shares in zip(numbers, batch, *kept, strict=True):
                    end = len(row["target"])
                    found[number] = {SYMBOLS: symbols[:end].flatten(), SHARES: shares[:end]}
            yield from found


def taught(
    model: Model, examples: Examples, teachers: Teachers | None, hashes: Sequence[str],
    cache: Path, device: torch.device, tell: Callable[[str], None],
) -> Examples:  # fmt: skip
    """The examples with what teachers predict of each row, which is kept in a folder.

    Args:
        model: the student.
        examples: its rows.
        teachers: who predicts where nothing is kept yet.
        hashes: of the teachers whose predictions these are.
        cache: the folder.
        device: what the teachers compute on.
        tell: called with a line before they begin, since it may take long.

    Raises:
        TrainingError: nothing that was kept is whole and of these teachers, and there are none to
            ask; or it cannot be written.
    """
    settings = model.spec.train.distillation
    assert settings is not None
    shapes = {SYMBOLS: Shape(), SHARES: Shape(_count(settings, model.symbols["target"]))}
    about = [*hashes], examples.hash, settings.temperature, settings.symbols
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    store = opened(cache, shapes, key)
    if store is None and teachers is None:
        message = f"{cache} does not hold what the teachers of this run predict"
        raise TrainingError(f"{message}; name them once more (--teacher)")
    if store is None:
        assert teachers is not None
        names = " and ".join(str(run.weights.parent) for run in teachers.runs)
        tell(f"{len(examples.rows):,} rows are predicted first by {names}")
        try:
            with Builder(shapes, cache, key, always=True) as builder:
                predictions = teachers.predictions(examples.rows, settings, device)
                for number, row in enumerate(predictions):
                    builder.add(row, number)
                store = builder.finish(None)
        except OSError as error:
            reason = error.strerror or error
            raise TrainingError(f"predictions cannot be written to {cache} ({reason})") from None
    return replace(examples, rows=Taught(examples.rows, store.rows))


def _hash(run: Start) -> str:
    both = digest(run.weights.parent / "spec.yaml") + digest(run.weights)
    return hashlib.sha256(both.encode()).hexdigest()


def distilling(spec: Spec, teachers: Sequence[object]) -> Spec:
    """A spec that says what is learned from teachers, where there are any."""
    if not teachers or spec.train.distillation is not None:
        return spec
    return spec.set({"train.distillation": {}})


class _Oracle:
    """One teacher, which computes in float32 and without dropout."""

    def __init__(self, model: Model, run: Start, device: torch.device) -> None:
        self.feed, self.device = Feeder(model), device
        self.output = model.spec.special.pad, model.symbols["target"]
        self.module: nn.Module = model.to_torch(weights=run.weights).to(device).eval()

    def __call__(self, rows: Sequence[Arrays]) -> Tensor:
        """The probabilities of all symbols, [batch, time, symbol]."""
        batch = self.feed(rows)
        with torch.inference_mode():
            found = self.module(*(value.to(self.device) for value in batch.inputs))
            logits: Tensor = found["logits"] if isinstance(found, dict) else found
            return logits.float().softmax(2)


def _kept(
    mean: Tensor, settings: Distillation, pad: int, vocabulary: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The most likely symbols but for padding, and their tempered shares; [batch, time, kept]."""
    logarithms = mean.log() / settings.temperature
    logarithms[:, :, pad] = -torch.inf
    # As many for every batch: models that copy have more symbols than the vocabulary in some.
    shares, symbols = logarithms.softmax(2).topk(_count(settings, vocabulary))
    return symbols.cpu().numpy().astype(np.int32), shares.cpu().numpy().astype(np.float32)


def _count(settings: Distillation, vocabulary: int) -> int:
    """How many symbols are kept of a place: at most all of a vocabulary but padding."""
    return min(settings.symbols, vocabulary - 1)


def _differences(student: Model, teacher: Model) -> Iterator[str]:
    """What they read or write otherwise, in words."""
    own, theirs = fields(student.spec), fields(teacher.spec)
    if own != theirs:
        yield f"its rows hold {', '.join(theirs)}, the student's {', '.join(own)}"
        return
    for name, table in student.vocabularies.items():
        other = teacher.vocabularies[name]
        if table.to_json() != other.to_json():
            yield f"another vocabulary of {name} ({other.size} symbols, the student's {table.size})"
    lengths = teacher.spec.target.length, student.spec.target.length
    if lengths[0] != lengths[1]:
        yield "target.length is {}, the student's {}".format(*lengths)
    if teacher.layers.copied != student.layers.copied:
        yield "one of them copies words of the source, and the other does not"
