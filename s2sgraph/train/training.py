"""Training as a whole: read, close, compile, train, and leave a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from s2sgraph.model import compile
from s2sgraph.model.graph import ModelGraph
from s2sgraph.spec import Problem, Spec
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.evaluating import Development, check_evaluation
from s2sgraph.train.folder import Folder, Run
from s2sgraph.train.loop import Loop
from s2sgraph.train.preparing import Preparation, Tell
from s2sgraph.train.processes import Processes
from s2sgraph.train.reports import Report, silent
from s2sgraph.train.starting import Start
from s2sgraph.train.teachers import Teachers, distilling


def train(
    spec: Spec,
    run_folder: str | PathLike[str],
    *,
    report: Report = silent,
    tell: Tell = lambda text: None,
    overwrite: bool = False,
    start: str | PathLike[str] | None = None,
    add_symbols: bool = False,
    teachers: Sequence[str | PathLike[str]] = (),
) -> Run:
    """Train a model, and leave its resolved spec, its weights and a log in a folder.

    A run that is in the folder already goes on where it stopped, bit for bit as if it had never
    stopped, if it was begun with the same spec and the same data. The same spec, data and machine
    give the same weights. Files that the spec names are looked for beside it.

    Args:
        spec: with `data.train`, and `data.dev` to choose the best weights by.
        run_folder: made if it is missing.
        report: called after every update.
        tell: called with what a person should know, a line each.
        overwrite: whether a run that is in the folder already is replaced.
        start: weights to begin with: a run folder, whose vocabularies fill those that are open in
            the spec, or a safetensors file.
        add_symbols: whether symbols that these vocabularies lack are added behind theirs: counted
            in the training data where the spec leaves a vocabulary open, or as the spec gives them.
        teachers: run folders whose models predict the training data first; what the mean of them
            predicts is learned besides the truth, as `train.distillation` says. Vocabularies that
            are open in the spec are those of the first. A run that goes on needs them no more.

    Raises:
        SpecError: the spec is no model, or names no data; or symbols cannot be added.
        DataError: the data cannot be used; names every line at fault.
        WeightError: the weights to begin with do not fit the model.
        TrainingError: the folder holds another run, teachers read or write otherwise than the
            model, or a value is not finite any more.
        KeyboardInterrupt, SystemExit: as the signal that asked for an end; all is kept.
    """
    if spec.data.train is None:
        problem = Problem(("data",), "missing: train names no file", "write data: {train: FILE}")
        raise spec.error([problem])
    if add_symbols and start is None:
        raise TrainingError("symbols are added to the vocabularies of a run: name it as start")
    spec = distilling(spec, teachers)
    ModelGraph(spec)  # a spec that is no model is not worth reading data for
    check_evaluation(spec)
    processes = Processes.of(spec)
    begin = Start.at(start, adds=add_symbols) if start is not None else None
    asked = Teachers.at(teachers) if teachers else None
    folder = Folder(Path(run_folder))
    needed = [*([begin] if begin else []), *(asked.runs if asked else ())]
    if overwrite and any(run.weights.parent.resolve() == folder.path.resolve() for run in needed):
        message = f"{folder.path} cannot be replaced by a run that needs its weights"
        raise TrainingError(f"{message}; name another folder")
    told = tell if processes.first else _nobody
    prepared = Preparation(spec, folder, begin, processes, told, asked)
    loop = _loop(prepared, overwrite, report if processes.first else silent)
    resumed = loop.state.step or None
    try:
        loop.run()
    except TrainingError:
        # Other processes may be elsewhere; whoever has started them all ends them.
        _leave(loop, prepared, resumed)
        raise
    except (KeyboardInterrupt, SystemExit):
        run = _leave(loop, prepared, resumed)
        prepared.tell(f"stopped after step {run.steps}; to go on: s2sgraph train {run.folder}")
        processes.leave()
        raise
    run = _leave(loop, prepared, resumed)
    processes.leave()
    return run


def _loop(prepared: Preparation, overwrite: bool, report: Report) -> Loop:
    """A loop that stands where training begins or goes on."""
    checkpoint = None if overwrite else prepared.find()
    resolved = prepared.go_on() if checkpoint else prepared.begin()
    model = compile(resolved)
    train, dev = prepared.examples(model)
    train = prepared.taught(model, train)
    begin = prepared.start if checkpoint is None else None
    weights = begin.fitted(model) if begin else None
    held = Development.of(model, prepared.dev, dev) if prepared.dev and dev else None
    loop = Loop(
        model, train, held, prepared.folder, prepared.processes, weights=weights, report=report
    )
    prepared.note(model, train, dev)
    if checkpoint:
        loop.resume(checkpoint)
    elif begin:
        loop.save()  # whoever goes on need not name these weights again
    return loop


def _leave(loop: Loop, prepared: Preparation, resumed: int | None) -> Run:
    """The manifest, and what to hand back."""
    state, folder, best_by = loop.state, loop.folder, loop.settings.best_by
    if loop.processes.first:
        folder.write_manifest(
            {
                **prepared.manifest,
                "steps": state.step,
                "epoch": state.epoch + 1,
                "ended": loop.ended,
                "best": {"step": state.best_step, f"dev_{best_by}": state.best},
                "seconds": round(state.seconds, 3),
            }
        )
        if loop.ended not in ("stopped", "failed"):
            _exhibit(loop, prepared.tell)
    return Run(
        folder.path, state.step, state.best_step, state.best, state.seconds, loop.ended, resumed,
        best_by,
    )  # fmt: skip


def _exhibit(loop: Loop, tell: Tell) -> None:
    """What people look at; the run is whole without it."""
    try:
        missing = loop.exhibits.ended(loop.state.best_step)
    except OSError as error:
        missing = f"curves and model card cannot be written: {error.strerror or error}"
    if missing:
        tell(missing)


def _nobody(text: str) -> None:
    """Tells nobody."""
