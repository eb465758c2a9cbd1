"""The table: both tools by turns, each model on each corpus.

JoeyNMT does not sort lines by their length, so that about half of its batches is padding where
lengths differ. Where all are equal, the tools differ in nothing but how they compute.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.toolkits import corpus, joeynmt, ours
from benchmarks.toolkits.measured import BATCH_TOKENS, Training

MODELS = ("transformer", "gru")
CORPORA = {"lengths as in Multi30k": False, "every line of 13 words": True}
TURNS = 2


def run() -> None:
    """Print for each model and corpus parameters, and target tokens of an update and a second."""
    python = joeynmt.installed()
    title = f"training, batches of {BATCH_TOKENS} places, 1 thread"
    print(f"{title:45} {'s2sgraph':>12} {'JoeyNMT':>12}   ratio")
    for name, equal in CORPORA.items():
        with tempfile.TemporaryDirectory() as folder:
            text = corpus.write(Path(folder), equal)
            for model in MODELS:
                print(f"{model}, {name}")
                compare(model, text, python)


def compare(model: str, text: corpus.Corpus, python: Path) -> None:
    """Three lines: what both have in size, and how fast they are."""
    turns: list[tuple[Training, Training]] = []
    for _ in range(TURNS):
        with tempfile.TemporaryDirectory() as left, tempfile.TemporaryDirectory() as right:
            first = ours.train(model, text, Path(left))
            turns.append((first, joeynmt.train(python, model, text, Path(right))))
    figures = {
        "parameters": lambda training: training.parameters,
        "target tokens an update": lambda training: training.tokens,
        "target tokens a second of the processor": lambda training: training.speed,
    }
    for what, figure in figures.items():
        left, right = (statistics.median(map(figure, side)) for side in zip(*turns, strict=True))
        ratio = statistics.median(figure(a) / figure(b) for a, b in turns)
        print(f"{f'  {what}':45} {left:12,.0f} {right:12,.0f}   {ratio:5.2f}")
