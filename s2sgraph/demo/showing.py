"""The demonstration: data, training, one file, and what that file makes of lines it never saw."""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from s2sgraph.demo.dates import FIRST, LANGUAGES, LAST, formats, write, written

if TYPE_CHECKING:
    from s2sgraph.data import Pair
    from s2sgraph.runtime import Session

WANTED = 0.98
"""Share of the held-out lines that must come out exactly."""
SHOWN = ("en", "de", "fr", "es", "it", "pl", "fi", "tr", "el", "ru", "ja", "ko")


def show(folder: Path) -> bool:
    """Run everything in a folder, and say what happens; true where it is as good as promised."""
    began = time.perf_counter()
    print(f"Dates as people write them, to dates as computers do. All files go to {folder}")
    with _timed("data"):
        paths = write(folder, test=2_000)
        kinds = sum(len(formats(language)) for language in LANGUAGES)
        print(
            f"  {len(LANGUAGES)} languages, {kinds} formats: {', '.join(map(str, paths.values()))}"
        )
    with _timed("training"):
        _train(folder)
    with _timed("export"):
        model = _export(folder)
    with _timed("decoding"):
        session, share = _decode(model, paths["test"])
    _for_the_eye(session, paths["train"])
    seconds = time.perf_counter() - began
    print(f"{model}: {model.stat().st_size / 1e6:.2f} MB, all in {seconds:.0f} s")
    python = min(sys.executable, os.path.relpath(sys.executable), key=len)
    print(f"Try: echo '3 May 2021' | {python} -m s2sgraph run {model}")
    if share < WANTED:
        print(f"That is less than the {WANTED:.0%} this demonstration promises.")
    return share >= WANTED


@contextmanager
def _timed(what: str) -> Iterator[None]:
    print(f"{what} …", flush=True)
    began = time.perf_counter()
    yield
    print(f"  {time.perf_counter() - began:.1f} s", flush=True)


def _train(folder: Path) -> None:
    from s2sgraph.cli.specs import examples
    from s2sgraph.spec import load
    from s2sgraph.train import display, train

    # The spec names its data beside itself.
    copy = folder / "dates.yaml"
    copy.write_bytes(examples()["dates"].read_bytes())
    with display() as report:
        run = train(load(copy), folder / "run", report=report, overwrite=True)
    print(f"  {run.steps} steps; development loss {run.best_loss:.4f} after step {run.best_step}")


def _export(folder: Path) -> Path:
    from s2sgraph.model import compile
    from s2sgraph.spec import load

    model = compile(load(folder / "run" / "spec.yaml"))
    path = model.export(folder / "model.onnx", folder / "run" / "best.safetensors")
    print(f"  {model.parameters:,} weights; onnxruntime gives what torch gives")
    return path


def _decode(model: Path, test: Path) -> "tuple[Session, float]":
    """Decode the held-out lines with onnxruntime alone."""
    from s2sgraph.data import read_parallel
    from s2sgraph.runtime import Session

    pairs, _ = read_parallel(test)
    session = Session(model)
    began = time.perf_counter()
    found = [result.text for result in session.run([pair.source for pair in pairs])]
    speed = len(pairs) / (time.perf_counter() - began)
    right = sum(text == pair.target for text, pair in zip(found, pairs, strict=True))
    share = right / len(pairs)
    print(f"  {right:,} of {len(pairs):,} held-out lines exactly right: {share:.2%}")
    print(f"  {speed:,.0f} lines a second")
    _mistakes(pairs, found)
    return session, share


def _mistakes(pairs: "list[Pair]", found: list[str | None], most: int = 3) -> None:
    wrong = [(pair, text) for pair, text in zip(pairs, found, strict=True) if text != pair.target]
    for pair, text in wrong[:most]:
        print(f"  not right: {pair.source} -> {text}, meant {pair.target}")


def _for_the_eye(session: "Session", train: Path) -> None:
    """A line in each of several languages, none of them in the training data."""
    seen = {line.partition("\t")[0] for line in train.read_text("utf-8").splitlines()}
    drawn = [_unseen(language, seen) for language in SHOWN]
    results = session.run([text for text, _ in drawn])
    for language, (text, day), result in zip(SHOWN, drawn, results, strict=True):
        mark = "" if result.text == day else f"  (meant {day})"
        print(f"  {language}  {text} -> {result.text}{mark}")


def _unseen(language: str, seen: set[str]) -> tuple[str, str]:
    """A line that is not among those seen, and its date."""
    dice = random.Random(language)
    choices = formats(language)
    while True:
        code, pattern = choices[int(dice.random() * len(choices))]
        day = FIRST + timedelta(days=int(dice.random() * ((LAST - FIRST).days + 1)))
        text = written(day, code, pattern)
        if text not in seen:
            return text, day.isoformat()
