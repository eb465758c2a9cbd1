"""Training by `s2sgraph train`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from safetensors.numpy import load_file

import s2sgraph
from benchmarks.toolkits.corpus import Corpus
from benchmarks.toolkits.measured import (
    BATCH_TOKENS,
    LOG_EVERY,
    RATE,
    UPDATES,
    WARMUP,
    Line,
    Training,
    call,
    measured,
)  # fmt: skip


def train(model: str, corpus: Corpus, folder: Path) -> Training:
    """Train a model of this folder, by its name."""
    spec = s2sgraph.load(Path(__file__).with_name(f"{model}.yaml")).set(
        {
            "data": {"train": {"source": str(corpus.source), "target": str(corpus.target)}},
            "train": {
                "optimizer": {"kind": "adam", "rate": RATE},
                "schedule": {"kind": "inverse_square_root", "warmup": WARMUP},
                "clip": 1.0,
                "batch_tokens": BATCH_TOKENS,
                "steps": UPDATES,
                "log_every": LOG_EVERY,
            },
        }
    )
    (folder / "spec.yaml").write_text(s2sgraph.spec.dump(spec))
    command = [sys.executable, "-m", "s2sgraph", "train", "spec.yaml", "-o", "run"]
    seconds = call(command, folder, "tokens/s")
    weights = load_file(folder / "run/last.safetensors")
    lines = map(json.loads, (folder / "run/log.jsonl").read_text().splitlines())
    log = [Line(line["seconds"], line["tokens_per_second"]) for line in lines]
    return measured(sum(weight.size for weight in weights.values()), log, seconds)
