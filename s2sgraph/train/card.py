"""The model card: what a run folder holds, how good it is, and how that can be checked."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from s2sgraph.metrics.metric import LikelihoodMetric
from s2sgraph.model import Model
from s2sgraph.spec.dumping import plain
from s2sgraph.train.corpora import corpus, named_from
from s2sgraph.train.curves import Curves, read_curves
from s2sgraph.train.evaluating import chosen_metrics
from s2sgraph.train.reports import duration

ENDS = {
    "steps": "all steps were made",
    "epochs": "all epochs were made",
    "patience": "the figure it is chosen by got no better",
    "stopped": "it was stopped",
    "failed": "it failed",
}
LIBRARIES = ("s2sgraph", "torch", "numpy", "onnxruntime", "onnx")
PICTURES = 3
"""Attention pictures that the card shows."""


def card(model: Model, folder: Path) -> str:
    """The text of RUN/README.md, from what lies in the run folder.

    Every figure stands with the command that gives it; files are named from the folder.
    """
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    curves = read_curves(folder / "log.jsonl")
    parts = [
        _head(model, manifest),
        _figures(model, manifest, curves, folder),
        _use(),
        _pictures(folder),
        _data(model, manifest, folder),
        _teachers(manifest),
        _versions(model),
        f"## Model\n\n```\n{model.show().rstrip()}\n```\n\nThe whole spec: [spec.yaml](spec.yaml).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(model: Model, manifest: Mapping[str, Any]) -> str:
    spec, best = model.spec, manifest["best"]
    lines = [f"# {spec.name}", ""]
    if spec.description:
        lines += [spec.description, ""]
    why = ENDS.get(manifest["ended"], manifest["ended"])
    lines.append(
        f"A sequence-to-sequence model of {model.parameters:,} parameters. Training took "
        f"{manifest['steps']:,} steps and {duration(manifest['seconds'])}; it ended because {why}. "
        f"The best weights, by {spec.train.best_by}, are those of step {best['step']:,}."
    )
    return "\n".join(lines)


def _figures(model: Model, manifest: Mapping[str, Any], curves: Curves, folder: Path) -> str:
    """The development figures of the best weights, and the command that gives them."""
    step = manifest["best"]["step"]
    series = {"loss": curves.dev_loss, **curves.figures}
    found = {n: dict(points)[step] for n, points in series.items() if step in dict(points)}
    if not found:
        return "## Figures\n\nThere were no development data to measure it on."
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in found.items())
    sentences = model.spec.train.evaluate.sentences
    return (
        f"## Figures\n\nOn the development data, after step {step:,}. The loss is over all "
        f"{manifest['rows']['dev']:,} rows, the other figures over at most {sentences:,} sources, "
        "decoded with the search of the spec. Shares and error rates are parts of one.\n\n"
        f"| figure | value |\n|---|---|\n{rows}\n\n"
        f"Over all sources, in this folder:\n\n```\n{_command(model, folder)}\n```"
    )


def _command(model: Model, folder: Path) -> str:
    """The command that measures the best weights on the development data."""
    found = corpus(model.spec, "dev")
    words = []
    for part in found.parts if found else ():
        words += [f"{name}={_from(folder, path)}" for name, path in part.columns.items()]
        words += [] if part.file is None else [_from(folder, part.file)]
    decoded = [m for m in chosen_metrics(model.spec)[0] if not isinstance(m, LikelihoodMetric)]
    spelled = [plain(metric) for metric in decoded]
    listed = ", ".join(s if isinstance(s, str) else json.dumps(s) for s in spelled)
    return " ".join(["s2sgraph eval .", *words, *([f"--metrics '{listed}'"] if listed else [])])


def _use() -> str:
    return (
        "## Use\n\n```\ns2sgraph export . -o model.onnx        # encoder and search in one file\n"
        "s2sgraph run model.onnx < lines        # a line out for each line in\n"
        "s2sgraph show model.onnx --client js   # or python, cpp, csharp, java\n```"
    )


def _pictures(folder: Path) -> str:
    paths = [folder / "curves.png", *sorted((folder / "attention").glob("*.png"))[:PICTURES]]
    shown = [path.relative_to(folder).as_posix() for path in paths if path.exists()]
    lines = "\n".join(f"![{Path(name).stem}]({name})" for name in shown)
    return f"## Pictures\n\n{lines}" if shown else ""


def _data(model: Model, manifest: Mapping[str, Any], folder: Path) -> str:
    rows = [
        f"| {which} | {_from(folder, path)} | `{digest}` |" for which, path, digest in _files(model)
    ]
    counts = ", ".join(f"{which} {count:,}" for which, count in manifest["rows"].items())
    table = "\n".join(["| set | file | SHA-256 |", "|---|---|---|", *rows])
    return f"## Data\n\nRows that were used: {counts}.\n\n{table}"


def _teachers(manifest: Mapping[str, Any]) -> str:
    """The runs that were learned from, as the manifest names them."""
    found = manifest.get("teachers", ())
    rows = [f"| {teacher['run']} | `{teacher['sha256']}` |" for teacher in found]
    table = "\n".join(["| run | SHA-256 of spec and weights |", "|---|---|", *rows])
    return f"## Teachers\n\n{table}" if rows else ""


def _files(model: Model) -> Iterator[tuple[str, Path, str]]:
    """Every data file with its hash; a file that is gone has none."""
    for which in ("train", "dev", "test"):
        found = corpus(model.spec, which)
        for part in found.parts if found else ():
            for path in part.paths:
                yield which, path, _digest(path)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "gone"


def _from(folder: Path, path: Path) -> str:
    """The way to a file from the run folder."""
    return named_from(folder / "spec.yaml", path)


def _versions(model: Model) -> str:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        found[name] = version(name)
    listed = ", ".join(f"{name} {number}" for name, number in found.items())
    return f"## Versions\n\n{listed}; seed {model.spec.train.seed}."
