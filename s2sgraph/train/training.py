"""Training as a whole: read, close, compile, train, and leave a run folder."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from s2sgraph import __version__
from s2sgraph.model import Model, compile
from s2sgraph.model.graph import ModelGraph
from s2sgraph.spec import Problem, Spec, load
from s2sgraph.train.closing import Closed, close
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import corpus, encode, moved
from s2sgraph.train.folder import Folder, Run
from s2sgraph.train.loop import Loop
from s2sgraph.train.reports import Report, silent


def train(
    spec: Spec,
    run_folder: str | PathLike[str],
    *,
    report: Report = silent,
    overwrite: bool = False,
) -> Run:
    """Train a model, and leave its resolved spec, its weights and a log in a folder.

    The same spec, data and machine give the same weights, bit for bit. Files that the spec names
    are looked for beside it.

    Args:
        spec: with `data.train`, and `data.dev` to choose the best weights by.
        run_folder: made if it is missing.
        report: called after every update.
        overwrite: whether a run that is in the folder already may be replaced.

    Raises:
        SpecError: the spec is no model, or names no data.
        DataError: the data cannot be used; names every line at fault.
        TrainingError: the folder is taken, or the loss is not finite any more.
    """
    if spec.data.train is None:
        problem = Problem(("data",), "missing: train names no file", "write data: {train: FILE}")
        raise spec.error([problem])
    ModelGraph(spec)  # a spec that is no model is not worth reading data for
    found, held_out = corpus(spec, "train"), corpus(spec, "dev")
    assert found is not None
    closed = close(spec, found)
    draft = _draft(closed)
    cache = Path(run_folder) / "rows"
    examples = encode(draft, found, cache / "train", spec.data.max_length)
    dev = encode(draft, held_out, cache / "dev") if held_out else None
    # Nothing is written before here: every mistake in the spec and the data is known by now.
    folder = Folder.new(Path(run_folder), overwrite)
    model = compile(_resolved(closed, folder))
    loop = Loop(model, examples, dev, folder, report)
    try:
        loop.run()
    except (KeyboardInterrupt, SystemExit, TrainingError):
        _leave(loop)
        raise
    return _leave(loop)


def _draft(closed: Closed) -> Model:
    """The model before it has a folder; its errors show the user's own text where they can."""
    if not closed.files:
        return compile(closed.spec)
    with TemporaryDirectory() as place:
        return compile(load(Folder(Path(place)).write_spec(closed.spec, closed.files)))


def _resolved(closed: Closed, folder: Folder) -> Spec:
    """The spec as it is loaded from the run folder, where its files lie beside it."""
    changes = moved(closed.spec, folder.path / "spec.yaml")
    return load(folder.write_spec(closed.spec.set(changes), closed.files))


def _leave(loop: Loop) -> Run:
    """The manifest, and what to hand back."""
    spec = loop.model.spec
    run = Run(loop.folder.path, loop.step, loop.best_step, loop.best, loop.seconds, loop.ended)
    loop.folder.write_manifest(
        {
            "s2sgraph": __version__,
            "name": spec.name,
            "parameters": loop.model.parameters,
            "seed": spec.train.seed,
            "steps": run.steps,
            "epoch": loop.epoch,
            "ended": run.ended,
            "best": {"step": run.best_step, "dev_loss": run.best_loss},
            "seconds": round(run.seconds, 3),
            "rows": {"train": len(loop.train.rows), "dev": len(loop.dev.rows) if loop.dev else 0},
            "versions": {"torch": torch.__version__},
        }
    )
    return run
