"""What training begins with: weights and vocabularies of another run, weights that stay."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

from s2sgraph.model import Model
from s2sgraph.model.vocabularies import token_sides
from s2sgraph.spec import Problem, Spec, load
from s2sgraph.spec.dumping import plain
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import named_from


@dataclass(frozen=True)
class Start:
    """Weights to begin with.

    Attributes:
        weights: a safetensors file.
        spec: the spec of the run that they are of, if it is known.
    """

    weights: Path
    spec: Spec | None = None

    @classmethod
    def at(cls, path: str | PathLike[str]) -> Start:
        """The best weights of a run folder, or a safetensors file.

        Raises:
            TrainingError: there is neither.
        """
        place = Path(path)
        if place.is_file():
            return cls(place)
        best, spec = place / "best.safetensors", place / "spec.yaml"
        if not (best.is_file() and spec.is_file()):
            message = f"{place} is no run with best.safetensors and spec.yaml"
            raise TrainingError(f"{message}, and no file of weights")
        return cls(best, load(spec))

    def close(self, spec: Spec) -> Spec:
        """A spec whose open vocabularies are those of the run, so that its weights fit them."""
        if self.spec is None:
            return spec
        theirs = token_sides(self.spec)
        changes: dict[str, Any] = {}
        for name, (side, path) in token_sides(spec).items():
            other = theirs.get(name)
            if not side.open or other is None or other[0].tokens != side.tokens:
                continue
            given = plain(other[0])
            found = {key: given[key] for key in ("symbols", "file", "normalize") if key in given}
            if "file" in found:
                file = Path(self.spec.places.name).parent / found["file"]
                found["file"] = named_from(Path(spec.places.name), file)
            own = {k: v for k, v in plain(side).items() if k not in ("least", "size", "algorithm")}
            changes[".".join(map(str, path))] = {**own, **found}
        return spec.set(changes) if changes else spec


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
