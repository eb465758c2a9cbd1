"""An update as `train` makes it against the bare step of the same module on tensors made before.

What is compared: feeding, sharing, seeds, means, what is looked at, the log.
"""

from __future__ import annotations

import random
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.nn import functional as F

import s2sgraph
from benchmarks.pairs import measure
from s2sgraph.train.feeding import Feeder
from s2sgraph.train.folder import Folder
from s2sgraph.train.loop import Loop
from s2sgraph.train.order import Order
from s2sgraph.train.preparing import Preparation
from s2sgraph.train.processes import Processes
from s2sgraph.train.reports import silent

NAMES = ("luong", "small_transformer")
UPDATES = 10


def run() -> None:
    """Print one line for each model: ours, the bare step, their ratio; ten updates each."""
    print("ten updates, batch 32, 10 to 25 places                ours         bare   ratio")
    for name in NAMES:
        with TemporaryDirectory() as place:
            compare(name, Path(place))


def compare(name: str, place: Path) -> None:
    """One model."""
    spec = s2sgraph.load(Path(__file__).with_name(f"{name}.yaml"))
    sizes = s2sgraph.compile(spec).symbols
    write(place / "train.tsv", sizes)
    (place / "spec.yaml").write_text(s2sgraph.spec.dump(spec))
    settings = {"batch_size": 32, "steps": 10**6, "save_every": 10**6, "validate_every": 10**6}
    spec = s2sgraph.load(place / "spec.yaml").set(
        {"data": {"train": "train.tsv"}, **{f"train.{key}": v for key, v in settings.items()}}
    )
    prepared = Preparation(spec, Folder(place / "run"), None, Processes(), print)
    model = s2sgraph.compile(prepared.begin())
    examples, _ = prepared.examples(model)
    loop = Loop(model, examples, None, prepared.folder, prepared.processes, report=silent)

    def ours() -> None:
        for _ in range(UPDATES):
            loop._update()
            loop._follow()

    print(f"{name:45}", measure(ours, bare(model, examples, loop.order), turns=9, warm=2))


def write(path: Path, sizes: dict[str, int]) -> None:
    """Lines of random ids."""
    dice = random.Random(0)

    def ids(side: str, length: int) -> str:
        return " ".join(str(dice.randrange(4, sizes[side])) for _ in range(length))

    lengths = [dice.randrange(10, 26) for _ in range(2000)]
    path.write_text("".join(f"{ids('source', n)}\t{ids('target', n)}\n" for n in lengths))


def bare(model: s2sgraph.Model, examples: object, order: Order) -> object:
    """Forward, loss, backward, clipping and AdamW, and nothing else."""
    module, feed = model.to_torch(seed=0), Feeder(model)
    optimizer = torch.optim.AdamW(module.parameters(), fused=True)
    updates = (order.epoch(0)[n] for n in range(60))
    batches = [feed([examples.rows[int(row)] for row in rows]) for [rows] in updates]
    turning = cycle(batches)

    def step() -> None:
        for _ in range(UPDATES):
            batch = next(turning)
            optimizer.zero_grad(set_to_none=True)
            logits = module(*batch.inputs).flatten(0, 1)
            F.cross_entropy(logits, batch.target.flatten(), ignore_index=0).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()

    return step
