"""Teachers: trained models that a student learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

from s2sgraph.model import Model, compile
from s2sgraph.spec import Spec
from s2sgraph.train.corpora import fields, named_from
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.origin import digest
from s2sgraph.train.starting import Start


@dataclass(frozen=True)
class Teachers:
    """Trained models that predict together, by the mean of their probabilities.

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

    def __str__(self) -> str:
        return " and ".join(str(run.weights.parent) for run in self.runs)

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
            for run, model in zip(self.runs, self.models, strict=True)
            for difference in _differences(student, model)
        ]
        if differences:
            lines = "".join(f"\n  {line}" for line in differences)
            raise TrainingError(
                f"teachers read or write otherwise than the student:{lines}\n"
                "Vocabularies that the spec leaves open are those of the first teacher."
            )

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The model of each."""
        return tuple(compile(run.spec) for run in self.runs if run.spec is not None)


def _hash(run: Start) -> str:
    both = digest(run.weights.parent / "spec.yaml") + digest(run.weights)
    return hashlib.sha256(both.encode()).hexdigest()


def distilling(spec: Spec, teachers: Sequence[object]) -> Spec:
    """A spec that says what is learned from teachers, where there are any."""
    if not teachers or spec.train.distillation is not None:
        return spec
    return spec.set({"train.distillation": {}})


def _differences(student: Model, teacher: Model) -> Iterator[str]:
    """What they read or write otherwise, in words."""
    own, theirs = fields(student.spec), fields(teacher.spec)
    if own != theirs:
        told = (
            ", ".join(f"{name} ({field.expected})" for name, field in rows.items())
            for rows in (theirs, own)
        )
        yield "its rows hold {}; the student's {}".format(*told)
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
