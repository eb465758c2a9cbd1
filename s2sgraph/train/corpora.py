"""The data files that a spec names, and what their rows hold."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

from s2sgraph.data import Corpus, Field, Part
from s2sgraph.spec import Spec
from s2sgraph.spec import data as settings
from s2sgraph.spec.sides import FeatureSide, FeatureSource


def corpus(spec: Spec, which: str) -> Corpus | None:
    """The files of `train`, `dev` or `test`, looked for beside the spec; None if there are none."""
    parts: tuple[settings.Part, ...] | None = getattr(spec.data, which)
    if parts is None:
        return None
    folder = Path(spec.places.name).parent
    guided = spec.train.guided_alignment is not None
    return Corpus(
        tuple(
            Part(
                None if part.file is None else folder / part.file,
                {name: folder / file for name, file in part.columns.items()},
                # By its digits: 0.1 is a tenth, and not the binary fraction next to it.
                Fraction(str(part.weight)),
                folder / part.alignments if guided and part.alignments is not None else None,
            )
            for part in parts
        ),
        fields(spec),
        spec.data.odd,
    )


def moved(spec: Spec, place: Path) -> dict[str, Any]:
    """The changes after which a spec, written at `place`, names the same files as now."""
    folder = Path(spec.places.name).parent
    changes: dict[str, Any] = {}
    for which in ("train", "dev", "test"):
        parts: tuple[settings.Part, ...] | None = getattr(spec.data, which)
        if parts is not None:
            changes[f"data.{which}"] = [_moved(part, folder, place).spelled for part in parts]
    return changes


def _moved(part: settings.Part, folder: Path, place: Path) -> settings.Part:
    columns = {name: named_from(place, folder / file) for name, file in part.columns.items()}
    single = {
        key: None if name is None else named_from(place, folder / name)
        for key, name in (("file", part.file), ("alignments", part.alignments))
    }
    return part.model_copy(update={**single, "columns": columns})


def named_from(spec: Path, file: Path) -> str:
    """How a spec at the path `spec` names a file."""
    return Path(os.path.relpath(file.resolve(), spec.parent.resolve())).as_posix()


def fields(spec: Spec) -> dict[str, Field]:
    """What the rows of a file hold, by name."""
    found: dict[str, Field] = {}
    sources = spec.source if isinstance(spec.source, dict) else {"source": spec.source}
    for name, side in {**sources, "target": spec.target}.items():
        if isinstance(side, FeatureSide):
            found[name] = Field("frames", side.features)
            if isinstance(side, FeatureSource) and side.static:
                found[f"{name}_static"] = Field("values", side.static.features)
        else:
            found[name] = Field("ids" if side.tokens == "ids" else "text")
    return {**found, **{n: Field("frames", step.features) for n, step in spec.steps.items()}}
