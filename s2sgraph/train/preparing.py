"""Before training: the data, the vocabularies and the run folder, new or of a run to go on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from s2sgraph import __version__
from s2sgraph.model import Model, compile
from s2sgraph.spec import Problem, Spec, load
from s2sgraph.train.checkpoints import Checkpoint, Checkpoints
from s2sgraph.train.closing import Closed, close
from s2sgraph.train.corpora import corpus, moved
from s2sgraph.train.errors import TrainingError
from s2sgraph.train.examples import Examples, encode
from s2sgraph.train.folder import MANIFEST, Folder
from s2sgraph.train.origin import Origin
from s2sgraph.train.predictions import Pieces, Predictor, all_taught
from s2sgraph.train.processes import Processes
from s2sgraph.train.starting import Start, frozen
from s2sgraph.train.teachers import Teachers

Tell = Callable[[str], None]


class Preparation:
    """What is needed before the first update.

    Attributes:
        manifest: what is known of the run before it has ended.
    """

    def __init__(
        self,
        spec: Spec,
        folder: Folder,
        start: Start | None,
        processes: Processes,
        tell: Tell,
        teachers: Teachers | None = None,
    ) -> None:
        """Read the files once, for their hashes; DataError if one cannot be read."""
        self.spec, self.folder, self.start = spec, folder, start
        self.processes, self.tell, self.teachers = processes, tell, teachers
        self.train, self.dev = corpus(spec, "train"), corpus(spec, "dev")
        sets = {"train": self.train, "dev": self.dev}
        data = {name: found.fingerprint() for name, found in sets.items() if found}
        self.origin = Origin.of(
            spec,
            data,
            start.weights if start else None,
            added=bool(start and start.adds),
            teachers=teachers.hashes if teachers else (),
        )
        self.manifest: dict[str, Any] = {"s2sgraph": __version__, "name": spec.name}
        self._before: Origin | None = None
        self._examples: tuple[Examples, Examples | None] | None = None

    # -- a run to go on with ----------------------------------------------------------

    def find(self) -> Checkpoint | None:
        """Where the run that is in the folder stopped; None if there is no update to go on from.

        Raises:
            TrainingError: it was begun with something else, or no checkpoint of it is whole.
        """
        if not self.folder.begun:
            return None
        self.manifest = self.folder.manifest()
        if self.manifest.get("origins") == []:
            return None  # it ended while its folder was made
        self._compare()
        path = self.folder.path
        checkpoints = Checkpoints(path / "checkpoints", keep=1)
        found, warnings = checkpoints.newest()
        for warning in warnings:
            self.tell(warning)
        if found and (path / "spec.yaml").exists():
            self.tell(f"{path} goes on after step {found.state.step}")
            return found
        if warnings:
            raise TrainingError(f"no checkpoint of {path} is whole; --overwrite begins anew")
        return None

    def _compare(self) -> None:
        """TrainingError if the run in the folder was begun with something else."""
        path = self.folder.path
        try:
            origins = [Origin.from_json(form) for form in self.manifest["origins"]]
        except (KeyError, TypeError):
            message = f"{path} holds a run of another version ({MANIFEST})"
            raise TrainingError(f"{message}; name another folder, or --overwrite it") from None
        # The spec may also be the one that the run has written: it is as good.
        differences = [before.differences(self.origin) for before in origins]
        self._before = next((o for o, d in zip(origins, differences, strict=True) if not d), None)
        if self._before is None:
            lines = "".join(f"\n  {line}" for line in min(differences, key=len))
            raise TrainingError(
                f"{path} holds a run that was begun with something else:{lines}\n"
                f"--overwrite replaces it; --from {path} with another folder begins with its"
                " weights"
            )

    def go_on(self) -> Spec:
        """The resolved spec of the run, with the settings that may change as they are now."""
        assert self._before is not None
        file = self.folder.path / "spec.yaml"
        if changes := self._before.changes(self.origin):
            if self.processes.first:
                self.folder.write_spec(load(file).set(changes), {})
            for form in self.manifest["origins"]:
                form["settings"] |= changes
        self.processes.wait()
        return load(file)

    # -- a new run --------------------------------------------------------------------

    def begin(self) -> Spec:
        """The resolved spec of a new run, written to its folder.

        Nothing is written before every mistake in the spec and the data is known.

        Raises:
            SpecError: the spec asks for teachers, and there are none.
            TrainingError: teachers read or write otherwise than the model.
        """
        assert self.train is not None
        if self.spec.train.distillation is not None and self.teachers is None:
            message, hint = "nobody teaches", "name trained runs: --teacher RUN"
            raise self.spec.error([Problem(("train", "distillation"), message, hint)])
        spec = self.start.close(self.spec) if self.start else self.spec
        spec = self.teachers.close(spec) if self.teachers else spec
        closed = close(spec, self.train, self.start.first if self.start else {})
        draft = _draft(closed)
        frozen(draft)
        if self.start:
            told = self.start.added(self.spec, draft)
            self.start.fitted(draft)
            for line in told:
                self.tell(line)
        if self.teachers:
            self.teachers.check(draft)
        self._examples = self._encode(draft)
        if self.processes.first:
            self._write(closed)
        self.processes.wait()
        return load(self.folder.path / "spec.yaml")

    def _write(self, closed: Closed) -> None:
        folder = self.folder
        folder.make()
        file = folder.path / "spec.yaml"
        here = closed.spec.set(moved(closed.spec, file))
        # The manifest is there first: it tells what else in the folder is the run's.
        self.manifest = {"s2sgraph": __version__, "name": self.spec.name, "origins": []}
        if self.teachers:
            self.manifest["teachers"] = self.teachers.described(file)
        folder.write_manifest(self.manifest)
        resolved = load(folder.write_spec(here, closed.files))
        teachers = self.origin.teachers
        origins = [self.origin, Origin.of(resolved, self.origin.data, teachers=teachers)]
        self.manifest["origins"] = [origin.to_json() for origin in origins]

    # -- both -------------------------------------------------------------------------

    def examples(self, model: Model) -> tuple[Examples, Examples | None]:
        """The rows to train and to validate with, as the model reads them."""
        return self._examples or self._encode(model)

    def taught(self, model: Model, train: Examples) -> Examples:
        """The rows to train with, and what teachers predict of them, if the model has any."""
        settings = model.spec.train.distillation
        if settings is None:
            return train
        hashes = (self._before or self.origin).teachers
        pieces = Pieces(self.folder.path / "rows" / "taught", model, train, hashes)
        teachers = self.teachers

        def ask() -> Predictor:
            assert teachers is not None
            self.tell(f"{len(train.rows):,} rows are predicted first by {teachers}")
            return Predictor(teachers, settings, self.processes.device)

        return all_taught(pieces, ask if teachers else None, self.processes)

    def _encode(self, model: Model) -> tuple[Examples, Examples | None]:
        """The first process encodes alone: the others find in the folder what it has written."""
        if not self.processes.first:
            self.processes.wait()
        assert self.train is not None
        cache = self.folder.path / "rows"
        train = encode(model, self.train, cache / "train", self.spec.data.max_length)
        dev = encode(model, self.dev, cache / "dev") if self.dev else None
        for name, report in {**train.reports, **(dev.reports if dev else {})}.items():
            if report.skipped or report.repaired:
                self.tell(f"{name}: {report.describe()}")
        if self.processes.first:
            self.processes.wait()
        return train, dev

    def note(self, model: Model, train: Examples, dev: Examples | None) -> None:
        """Write down what is trained; from now on the run can be gone on with."""
        self.manifest |= {
            "parameters": model.parameters,
            "seed": model.spec.train.seed,
            "ended": None,
            "rows": {"train": len(train.rows), "dev": len(dev.rows) if dev else 0},
            "versions": {"torch": torch.__version__},
        }
        if self.processes.first:
            self.folder.write_manifest(self.manifest)


def _draft(closed: Closed) -> Model:
    """The model before it has a folder; its errors show the user's own text where they can."""
    if not closed.files:
        return compile(closed.spec)
    with TemporaryDirectory() as place:
        return compile(load(Folder(Path(place)).write_spec(closed.spec, closed.files)))
