"""What training begins with: weights and vocabularies of another run, weights that stay."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

from s2sgraph.model import Model, compile
from s2sgraph.model.vocabularies import token_sides
from s2sgraph.spec import Problem, Spec, load
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.sides import TokenSide
from s2sgraph.text import KINDS
from s2sgraph.train.corpora import named_from
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.growing import added, described, first_symbols, with_rows
from s2sgraph.weights import Weights, read


@dataclass(frozen=True)
class Start:
    """Weights to begin with.

    Attributes:
        weights: a safetensors file.
        spec: the spec of the run that they are of, if it is known.
        adds: whether symbols of the training data are added to the vocabularies of that run.
    """

    weights: Path
    spec: Spec | None = None
    adds: bool = False

    @classmethod
    def at(cls, path: str | PathLike[str], *, adds: bool = False) -> Start:
        """The best weights of a run folder, or a safetensors file.

        Raises:
            TrainingError: there is neither; or there is a file, whose vocabularies nobody knows,
                where symbols are to be added.
        """
        place = Path(path)
        if place.is_file() and adds:
            message = f"{place} is a file of weights: nobody knows the vocabularies"
            raise TrainingError(f"{message} to add symbols to; name a run folder")
        if place.is_file():
            return cls(place)
        best, spec = place / "best.safetensors", place / "spec.yaml"
        if not (best.is_file() and spec.is_file()):
            message = f"{place} is no run with best.safetensors and spec.yaml"
            raise TrainingError(f"{message}, and no file of weights")
        return cls(best, load(spec), adds)

    def close(self, spec: Spec) -> Spec:
        """A spec whose open vocabularies are those of the run, so that its weights fit them.

        Those that take symbols stay open, and begin with `first`.
        """
        if self.spec is None:
            return spec
        theirs = token_sides(self.spec)
        changes: dict[str, Any] = {}
        for name, (side, path) in token_sides(spec).items():
            other = theirs.get(name)
            if not side.open or other is None or other[0].tokens != side.tokens:
                continue
            changes[".".join(map(str, path))] = self._side(spec, side, other[0])
        return spec.set(changes) if changes else spec

    def _side(self, spec: Spec, side: TokenSide, other: TokenSide) -> dict[str, Any]:
        """The settings of an open side, with what it has from the same side of the run."""
        assert self.spec is not None
        own, given = plain(side), plain(other)
        if self.adds and side.tokens in KINDS:
            steps = {"normalize": given["normalize"]} if "normalize" in given else {}
            return {**{k: v for k, v in own.items() if k != "normalize"}, **steps}
        found = {key: given[key] for key in ("symbols", "file", "normalize") if key in given}
        if "file" in found:
            file = Path(self.spec.places.name).parent / found["file"]
            found["file"] = named_from(Path(spec.places.name), file)
        kept = {k: v for k, v in own.items() if k not in ("least", "size", "algorithm")}
        return {**kept, **found}

    @property
    def first(self) -> dict[str, tuple[str, ...]]:
        """By side, the symbols that vocabularies begin with which training closes."""
        return first_symbols(self.spec) if self.adds and self.spec else {}

    def added(self, spec: Spec, model: Model) -> list[str]:
        """What was added to the vocabularies of the run, and what is frozen of it, for people.

        Raises:
            SpecError: the model's vocabularies are not those of the run and more.
        """
        if not self.adds or self.spec is None:
            return []
        tables = model.vocabularies
        ids = added(spec, self.spec, tables)
        alike = tables.get("target") is tables.get("source") and "source" in ids
        told = [
            described(name, tables[name], *range)
            for name, range in ids.items()
            if not (alike and name == "target")
        ]
        before = compile(self.spec).weights
        return told + [
            f"{path} is frozen: its rows for added symbols stay the mean of the others"
            for path in frozen(model)
            if path in before and before[path] != model.weights[path]
        ]

    def fitted(self, model: Model) -> Weights:
        """The weights as the model has them, with rows for added symbols.

        Raises:
            WeightError: they do not fit the model.
        """
        if not self.adds:
            return model.fitted(self.weights)
        return model.fitted(with_rows(read(self.weights), model.trace("teach").weights))


def frozen(model: Model) -> list[str]:
    """The paths of the weights that the spec leaves as they are.

    Raises:
        SpecError: a pattern names no weight, or no weight is left to train.
    """
    problems: list[Problem] = []
    found: dict[str, None] = {}
    for number, pattern in enumerate(model.spec.train.freeze):
        paths = [path for path in model.weights if _matches(path, pattern)]
        found |= dict.fromkeys(paths)
        if not paths:
            parts = sorted({".".join(path.split(".")[:2]) for path in model.weights})
            message = f"no weight is called {pattern}"
            hint = f"there are {', '.join(parts)}; * stands for anything"
            problems.append(Problem(("train", "freeze", number), message, hint))
    if len(found) == len(model.weights):
        problems.append(Problem(("train", "freeze"), "all weights are frozen", "leave some out"))
    if problems:
        raise model.spec.error(problems)
    return list(found)


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}.*")
