"""Searches that finished rows leave against the same ones in which they stay, row by row alike."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import s2sgraph
from benchmarks.beam import session
from benchmarks.pairs import measure

NAMES = ("luong", "small_transformer")
SEARCHES: dict[str, dict[str, Any]] = {
    "greedy": {"kind": "greedy"},
    "beam": {"kind": "beam", "beams": 4},
}
LONGEST = 48


def run() -> None:
    """Print for each model, search and batch size: compact, plain, their ratio.

    Rows end at the length of their source: log-normal around 16 places, between 4 and 48.
    """
    print(f"{'rows of 4 to 48 steps, 1 thread':45} {'compact':>12} {'plain':>12}   ratio")
    for name in NAMES:
        spec = s2sgraph.load(Path(__file__).with_name(f"{name}.yaml"))
        weights = s2sgraph.compile(spec).to_torch(seed=0).state_dict()
        weights["decoder.output.bias"][spec.special.eos] = -1e4
        for kind, search in SEARCHES.items():
            with tempfile.TemporaryDirectory() as folder:
                files = []
                for compact in (True, False):
                    said = {**search, "max_length_ratio": 1.0, "compact": compact}
                    model = s2sgraph.compile(spec.set({"search": said}))
                    path = model.export(Path(folder, f"{compact}.onnx"), weights)
                    files.append(session(path))
                for batch in (1, 8, 32, 128):
                    compare(f"{name}, {kind}, batch {batch}", batch, model.symbols["source"], files)


def compare(title: str, batch: int, symbols: int, files: list[Any]) -> None:
    """Time both on several batches, in no order of their lengths."""
    random = np.random.default_rng(0)
    feeds = []
    for _ in range(max(8 // batch, 1)):
        lengths = np.clip(random.lognormal(np.log(16), 0.4, batch).round(), 4, LONGEST)
        source = random.integers(4, symbols, (batch, int(lengths.max())))
        length = lengths.astype(np.int64)
        feeds.append({"source": source, "source_length": length, "max_length": np.array(-1)})
    compact, plain = (lambda file=file: [file.run(["tokens"], f) for f in feeds] for file in files)
    assert all((a[0] == b[0]).all() for a, b in zip(compact(), plain(), strict=True)), title
    print(f"{title:45}", measure(compact, plain, turns=5, warm=1), flush=True)
