"""A training step of the generated module against the same architecture written by hand."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

import s2sgraph
from benchmarks.pairs import measure
from benchmarks.peers import PEERS


def run() -> None:
    """Print one line for each model: ours, the peer's, their ratio."""
    torch.manual_seed(0)
    what = f"training step, batch 32, 25 places, {torch.get_num_threads()} threads"
    print(f"{what:45}        ours         peer   ratio")
    for name, peer in PEERS.items():
        model = s2sgraph.compile(s2sgraph.load(Path(__file__).with_name(f"{name}.yaml")))
        ours = model.to_torch(seed=0)
        theirs = peer(ours.state_dict()).train()
        source, target = torch.randint(4, model.symbols["source"], (2, 32, 25))
        length = torch.randint(10, 26, (32,))
        length[0] = 25
        batch = (source, length, target)
        difference = (ours(*batch) - theirs(*batch)).abs().max().item()
        assert difference < 1e-3, f"{name}: the two models differ by {difference}"
        print(f"{name:45}", measure(stepper(ours, batch), stepper(theirs, batch), turns=9, warm=2))


def stepper(module: nn.Module, batch: tuple[torch.Tensor, ...]) -> object:
    """One step: forward, loss, backward, update."""
    optimizer = torch.optim.SGD(module.parameters(), 1e-4)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(module(*batch).flatten(0, 1), batch[-1].flatten()).backward()
        optimizer.step()

    return step
