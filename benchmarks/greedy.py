"""Greedy decoding by the exported file against PyTorch, written by hand, on the same weights."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch

import s2sgraph
from benchmarks.pairs import measure
from benchmarks.peers import PEERS

STEPS, WIDTH = 30, 20


def run() -> None:
    """Print one line for each model and batch size: ours, the peer's, their ratio."""
    torch.set_num_threads(1)
    print(
        f"greedy, {STEPS} steps, source {WIDTH}, 1 thread                ours         peer   ratio"
    )
    for name, peer in PEERS.items():
        spec = s2sgraph.load(Path(__file__).with_name(f"{name}.yaml"))
        model = s2sgraph.compile(spec)
        weights = model.to_torch(seed=0).state_dict()
        weights["decoder.output.bias"][spec.special.eos] = -1e4
        theirs = peer(weights).eval()
        with tempfile.TemporaryDirectory() as folder:
            file = model.export(Path(folder, "model.onnx"), weights)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(str(file), options)
            for batch in (1, 8, 32):
                compare(name, batch, model.symbols["source"], session, theirs)


def compare(
    name: str,
    batch: int,
    symbols: int,
    session: onnxruntime.InferenceSession,
    peer: torch.nn.Module,
) -> None:
    random = np.random.default_rng(0)
    source = random.integers(4, symbols, (batch, WIDTH))
    length = np.full(batch, WIDTH)
    feed = {"source": source, "source_length": length, "max_length": np.array(STEPS)}
    given = torch.from_numpy(source), torch.from_numpy(length), STEPS
    same = (session.run(["tokens"], feed)[0][:, 0] == peer.greedy(*given).numpy()).mean()
    assert same > 0.9, f"{name}: only {same:.0%} of the tokens are equal"
    pair = measure(
        lambda: session.run(["tokens"], feed), lambda: peer.greedy(*given), turns=9, warm=2
    )
    print(f"{name + f', batch {batch}':45}", pair)
