"""Beam search by the exported file against PyTorch, written by hand, and against greedy search."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

import s2sgraph
from benchmarks.pairs import Pair, measure
from benchmarks.peers import BOS, PEERS, Feeding, Luong, Transformer

STEPS, WIDTH, BEAMS = 30, 20, 4
Step = Callable[[Tensor, int], Tensor]


def run() -> None:
    """Print for each model and batch size milliseconds of a step: ours, another's, the ratio."""
    torch.set_num_threads(1)
    title = f"a step of {BEAMS} beams, source {WIDTH}, 1 thread"
    print(f"{title:45} {'ours':>12} {'other':>12}   ratio")
    for name, peer in PEERS.items():
        spec = s2sgraph.load(Path(__file__).with_name(f"{name}.yaml"))
        weights = s2sgraph.compile(spec).to_torch(seed=0).state_dict()
        weights["decoder.output.bias"][spec.special.eos] = -1e4
        theirs = peer(weights).eval()
        with tempfile.TemporaryDirectory() as folder:
            kinds = {"beam": {"kind": "beam", "beams": BEAMS}, "greedy": "greedy"}
            files = {}
            for kind, search in kinds.items():
                model = s2sgraph.compile(spec.set({"search": search}))
                inputs = ("max_length", "beams") if kind == "beam" else ("max_length",)
                file = model.export(Path(folder, f"{kind}.onnx"), weights, inputs=inputs)
                files[kind] = session(file)
            for batch in (1, 8):
                compare(name, batch, model.symbols["source"], files, theirs)


def session(file: Path) -> onnxruntime.InferenceSession:
    """The file on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options)


def compare(
    name: str,
    batch: int,
    symbols: int,
    files: dict[str, onnxruntime.InferenceSession],
    peer: torch.nn.Module,
) -> None:
    """Print two lines: against the peer, and against our own greedy search."""
    random = np.random.default_rng(0)
    source, length = random.integers(4, symbols, (batch, WIDTH)), np.full(batch, WIDTH)
    feed = {"source": source, "source_length": length, "max_length": np.array(STEPS)}
    given = torch.from_numpy(source), torch.from_numpy(length)

    def ours() -> np.ndarray:
        return files["beam"].run(["tokens"], {**feed, "beams": np.array(BEAMS)})[0]

    same = (ours()[:, 0] == searched(peer, *given).numpy()).mean()
    assert same > 0.9, f"{name}: only {same:.0%} of the tokens are equal"
    against = {
        "PyTorch": lambda: searched(peer, *given),
        "greedy": lambda: files["greedy"].run(["tokens"], feed),
    }
    for title, other in against.items():
        pair = measure(ours, other, turns=9, warm=2)
        step = Pair(pair.ours / STEPS, pair.peer / STEPS, pair.ratio)
        print(f"{name + f', batch {batch}, against {title}':45}", step)


# -- by hand --------------------------------------------------------------------------------


@torch.inference_mode()
def searched(peer: torch.nn.Module, source: Tensor, length: Tensor) -> Tensor:
    """The best of so many beams, none of which ends: `[batch, step]`."""
    step, reorder = begun(peer, source, length)
    batch = len(source)
    sums = torch.full((batch, BEAMS), -torch.inf)
    sums[:, 0] = 0
    token, tokens = torch.full((batch * BEAMS,), BOS), torch.empty((batch, BEAMS, 0), dtype=int)
    for number in range(STEPS):
        chances = step(token, number).log_softmax(-1)
        chances[:, :2] = -torch.inf
        all_sums = (sums.reshape(-1, 1) + chances).view(batch, -1)
        sums, choice = all_sums.topk(BEAMS)
        parents, symbols = choice // chances.size(1), choice % chances.size(1)
        before = tokens.gather(1, parents[..., None].expand_as(tokens))
        tokens, token = torch.cat([before, symbols[..., None]], 2), symbols.flatten()
        reorder((torch.arange(batch)[:, None] * BEAMS + parents).flatten())
    return tokens[:, 0]


def begun(
    peer: torch.nn.Module, source: Tensor, length: Tensor
) -> tuple[Step, Callable[..., None]]:
    """One step of a peer whose rows are beams, and what reorders its states."""
    if isinstance(peer, Feeding):
        return feeding(peer, source, length)
    if isinstance(peer, Luong):
        return luong(peer, source, length)
    assert isinstance(peer, Transformer)
    return transformer(peer, source, length)


def luong(peer: Luong, source: Tensor, length: Tensor) -> tuple[Step, Callable[..., None]]:
    memory, mask, state = peer.encode(source, length)
    memory, mask = (x.repeat_interleave(BEAMS, 0) for x in (memory, mask))
    keys = peer.key(memory)
    states = [x.repeat_interleave(BEAMS, 1) for x in state]

    def step(token: Tensor, number: int) -> Tensor:
        h, states[:] = peer.decoder(peer.target(token)[:, None], tuple(states))
        return peer.output(peer.attend(h, memory, keys, mask))[:, 0]

    def reorder(rows: Tensor) -> None:
        states[:] = [x.index_select(1, rows) for x in states]

    return step, reorder


def feeding(peer: Feeding, source: Tensor, length: Tensor) -> tuple[Step, Callable[..., None]]:
    fed, states, memory, mask = peer.begin(source, length)
    memory, mask, fed = (x.repeat_interleave(BEAMS, 0) for x in (memory, mask, fed))
    keys = peer.key(memory)
    states = [tuple(x.repeat_interleave(BEAMS, 0) for x in state) for state in states]

    def step(token: Tensor, number: int) -> Tensor:
        nonlocal fed, states
        fed, states = peer.step(peer.target(token), fed, states, memory, keys, mask)
        return peer.output(fed)

    def reorder(rows: Tensor) -> None:
        nonlocal fed, states
        fed = fed.index_select(0, rows)
        states = [tuple(x.index_select(0, rows) for x in state) for state in states]

    return step, reorder


def transformer(
    peer: Transformer, source: Tensor, length: Tensor
) -> tuple[Step, Callable[..., None]]:
    memory, mask = (x.repeat_interleave(BEAMS, 0) for x in peer.encode(source, length))
    cross = [layer.attention.project(memory) for layer in peer.decoder]
    past: list[tuple[Tensor, ...]] = []

    def step(token: Tensor, number: int) -> Tensor:
        x = peer.target(token)[:, None] * peer.size**0.5 + peer.places[number]
        for i, layer in enumerate(peer.decoder):
            y = layer.self_norm(x)
            new = layer.self_attention.project(y)
            if number:
                new = tuple(torch.cat(pair, 2) for pair in zip(past[i], new, strict=True))
            past[i:] = [new, *past[i + 1 :]]
            x = x + layer.self_attention(y, *new)
            x = x + layer.attention(layer.attention_norm(x), *cross[i], mask)
            x = layer.feed(x)
        return peer.output(peer.decoder_norm(x))[:, 0]

    def reorder(rows: Tensor) -> None:
        past[:] = [tuple(x.index_select(0, rows) for x in pair) for pair in past]

    return step, reorder
