"""Random specs over the whole language: for each seed the plain values of one that is valid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Data = dict[str, Any]
CELLS = ("lstm", "gru", "rnn", "ssru")
SCORES = ("dot", "scaled_dot", "general", "concat", "additive", "location")
WIDTHS = (4, 6, 8)


@dataclass
class Chain:
    """A chain as it grows: its items, and what is known of the last."""

    random: np.random.Generator
    width: int
    items: list[Any] = field(default_factory=list)
    cells: int = 0
    final: tuple[str, int, int] | None = None
    """Kind, cells and features of the last recurrent layer."""

    def pick(self, *choices: Any) -> Any:
        return choices[self.random.integers(len(choices))]

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def add(self, word: str, width: int | None = None, **settings: Any) -> str:
        """One layer under a name of its own."""
        name = f"{word}{len(self.items)}"
        self.items.append({word: {"name": name, **settings}})
        self.width = self.width if width is None else width
        return name

    def embedding(self, **settings: Any) -> str:
        """Vectors of symbols, and perhaps of n-grams of them."""
        width = self.pick(*WIDTHS)
        name = self.add("embedding", width, size=width, **settings)
        if self.chance(0.25):
            length, rows = self.pick((2, 5), (2, 200), (3, 30))
            settings = {"from": "input", "size": width, "length": length, "rows": rows}
            inputs = [name, self.add("ngrams", **settings)]
            self.items.append({"add": {"name": "both", "from": inputs}})
        return name

    # -- layers that need nothing but what is below --------------------------------------

    def residual(self) -> Data:
        found: Data = self.pick({}, {"residual": True}, {"residual": "pre"}, {"residual": "post"})
        if found.get("residual") in ("pre", "post") and self.chance(0.3):
            found = {**found, "norm": "rms_norm"}
        return found

    def cell(self, *, encoder: bool, **more: Any) -> str:
        """A recurrent layer."""
        kind = self.pick(*CELLS)
        ways = self.pick("forward", "backward", "both") if encoder else "forward"
        size = self.pick(*WIDTHS)
        wide = size * (2 if ways == "both" else 1)
        settings: Data = {
            "size": size,
            "layers": self.pick(1, 1, 2),
            "dropout": self.pick(0.0, 0.2),
            "input_dropout": self.pick(0.0, 0.0, 0.2),
        }
        if encoder:
            settings["direction"] = ways
        if kind == "gru":
            settings["reset"] = self.pick("before", "after")
        if kind == "rnn":
            settings["activation"] = self.pick("tanh", "relu")
        if kind != "ssru":
            settings["layer_norm"] = self.chance(0.25)
            settings["state_dropout"] = self.pick(0.0, 0.0, 0.2)
        if self.width == wide and "from" not in more:
            settings |= self.residual()
        self.final = (kind, settings["layers"], wide)
        return self.add(kind, wide, **settings, **more)

    def plain(self) -> None:
        """A layer that keeps nothing from step to step, or self-attention."""
        match self.random.integers(7):
            case 0:
                self.add(
                    "self_attention",
                    heads=self.pick(1, 2),
                    bias=self.chance(0.7),
                    **self.residual(),
                )
            case 1:
                kind = self.pick("relu", "gelu", "swish", "glu", "geglu", "swiglu")
                self.add("feed_forward", size=6, activation=kind, dropout=0.1, **self.residual())
            case 2:
                width = self.pick(*WIDTHS)
                kind = self.pick("none", "tanh", "relu", "sigmoid", "gelu", "swish", "maxout")
                self.add("dense", width, size=width, activation=kind, bias=self.chance(0.7))
            case 3:
                self.add(self.pick("layer_norm", "rms_norm"))
            case 4:
                self.add("positions", kind=self.pick("sinusoidal", "learned"))
            case 5:
                self.add("dropout", rate=0.3)
            case 6:
                inner = [
                    {"self_attention": {"heads": 2, "residual": "pre"}},
                    {"feed_forward": {"size": 6, "residual": "post"}},
                ]
                inner = (
                    inner
                    if self.chance(0.5)
                    else [{self.pick("ssru", "gru"): {"size": self.width, "residual": True}}]
                )
                self.items.append({"repeat": 2, "name": f"block{len(self.items)}", "layers": inner})
                self.final = (
                    (next(iter(inner[-1])), 1, self.width) if len(inner) == 1 else self.final
                )


def _source(random: np.random.Generator) -> Data:
    if random.random() < 0.65:
        return {"tokens": "ids", "size": 11}
    found: Data = {"features": 4}
    if random.random() < 0.4:
        found["normalize"] = {"mean": [0.5, 0.0, -1.0, 2.0], "standard": [1.0, 2.0, 0.5, 3.0]}
    if random.random() < 0.4:
        found["static"] = {"features": 2}
    return found


def _encoder(random: np.random.Generator, side: Data) -> Chain:
    chain = Chain(random, side.get("features", 0))
    if "tokens" in side:
        chain.embedding(scale=chain.chance(0.3), dropout=0.1)
    elif chain.chance(0.5):
        width = chain.pick(*WIDTHS)
        chain.add("dense", width, size=width)
    for _ in range(random.integers(1, 4)):
        chain.cell(encoder=True) if chain.chance(0.5) else chain.plain()
    return chain


@dataclass
class Around:
    """What the decoder may read besides its own layers."""

    memory: str
    encoders: dict[str, Chain]
    tagging: bool
    extra: list[str]
    attended: set[str] = field(default_factory=set)

    def unread(self) -> list[str]:
        """The means of encoders that nothing in the decoder attends to."""
        several = len(self.encoders) > 1
        read = {*self.attended, *([self.memory] if self.tagging else [])}
        return [
            f"{name if several else 'encoder'}.mean" for name in self.encoders if name not in read
        ]

    @property
    def encoder(self) -> Chain:
        return self.encoders[self.memory]


def _start(d: Chain, around: Around, kind: str, size: int, layers: int) -> Data:
    final = around.encoder.final
    forms: list[Any] = ["zeros", "learned"]
    forms += [{"dense": "encoder.final", "activation": d.pick("none", "tanh", "relu")}]
    forms += [{"mean": "encoder", "activation": "tanh"}]
    if final and final[1:] == (layers, size):
        forms += ["encoder.final"] * 2
    if final and final[2] == size:
        forms += [{"last": "encoder.final"}] * 2
    return {"start": d.pick(*forms)}


def _attention(
    d: Chain, around: Around, query: Any, width: int, *, heads: bool | None = None
) -> str:
    memory = d.pick(*around.encoders)
    wide = around.encoders[memory].width
    around.attended.add(memory)
    settings: Data = {"query": query, "attention_dropout": d.pick(0.0, 0.1)}
    if len(around.encoders) > 1:
        settings["memory"] = memory
    if (heads or (heads is None and d.chance(0.25))) and width % 2 == 0:
        settings |= {"score": d.pick("dot", "scaled_dot"), "heads": 2, "bias": d.chance(0.7)}
        return d.add("attention", width, **settings)
    fitting = [s for s in SCORES if width == wide or s not in ("dot", "scaled_dot")]
    score = d.pick(*fitting)
    settings["score"] = score
    if score == "additive":
        settings |= {
            "size": 5,
            "bias": d.chance(0.5),
            "normalize": d.chance(0.3),
            "coverage": d.chance(0.4),
        }
    elif score == "concat":
        settings["size"] = 5
    elif score == "general":
        settings["scale"] = d.chance(0.4)
    elif score == "location":
        settings["positions"] = d.pick(4, 12)
    settings["window"] = d.pick(
        "global",
        "global",
        {"kind": "local_m", "width": 2},
        {"kind": "local_p", "width": 3},
        "monotonic",
    )
    return d.add("attention", wide, **settings)


def _recurrent(d: Chain, around: Around, x: str) -> None:
    """A cell with attention before it, after it (with feeding), or without."""
    order = d.pick("none", "before", "after", "fed", "attended")
    size, state = d.pick(*WIDTHS), "state"
    kind, layers = d.pick(*CELLS), d.pick(1, 1, 2)
    inputs: list[str] = [x, *around.extra]
    cell: Data = {"name": state, "size": size, "layers": layers, "dropout": d.pick(0.0, 0.1)}
    cell |= _start(d, around, kind, size, layers)
    if kind != "ssru":
        cell["layer_norm"] = d.chance(0.2)
    if kind == "gru":
        cell["reset"] = d.pick("before", "after")
    if d.chance(0.3):
        inputs.append("encoder.final" if d.chance(0.5) else "encoder.mean")
    if around.tagging:
        inputs.append("encoder.here")
    parts = [state]
    if order == "before":
        parts.append(_attention(d, around, "prev.state", size, heads=False))
        inputs.append(parts[-1])
    if order in ("fed", "attended"):
        inputs.append(f"prev.{order}")
    d.items.append({kind: {**cell, "from": inputs}})
    if order in ("after", "fed", "attended"):
        query: Any = ["state", "state.cell"] if kind == "lstm" and d.chance(0.3) else "state"
        width = size * (2 if isinstance(query, list) else 1)
        parts.append(_attention(d, around, query, width))
        if order == "fed":
            d.items[-1]["attention"]["name"] = parts[-1] = "fed"
    joined = d.pick(*WIDTHS)
    activation = d.pick("none", "tanh", "maxout")
    name = "attended" if order == "attended" else "readout"
    more = [*(["prev.state"] if d.chance(0.2) else []), *around.unread()]
    bias = d.chance(0.5)
    d.items.append(
        {
            "dense": {
                "name": name,
                "from": [*parts, *more],
                "size": joined,
                "activation": activation,
                "bias": bias,
            }
        }
    )
    d.width = joined


def _parallel(d: Chain, around: Around, x: str) -> None:
    """Self-attention and attention to the encoder; sometimes with something fed back."""
    width = d.pick(*WIDTHS)
    inputs = [x, *around.extra, *(["encoder.here"] if around.tagging else [])]
    fed = d.chance(0.25)
    d.add("dense", width, **{"from": [*inputs, *(["prev.fed"] if fed else [])]}, size=width)
    if d.chance(0.7):
        d.add("positions", kind=d.pick("sinusoidal", "learned"))
    if d.chance(0.5):
        inner: list[Any] = [
            {
                "self_attention": {
                    "heads": 2,
                    "residual": "pre",
                    "dropout": 0.1,
                    "attention_dropout": 0.1,
                }
            },
            {"attention": {"score": "scaled_dot", "heads": 2, "residual": d.pick("pre", "post")}},
            {"feed_forward": {"size": 6, "residual": "pre"}},
        ]
        around.attended.add(around.memory)
        d.items.append({"repeat": 2, "name": "blocks", "layers": inner})
    else:
        d.add("self_attention", heads=2, **d.residual())
        if d.chance(0.7):
            _attention(d, around, "below", width)
    d.plain()
    if around.unread():
        d.add("dense", width, **{"from": ["below", *around.unread()]}, size=width)
    if fed:
        width = d.width
        d.items.append({"dense": {"name": "fed", "size": 4, "activation": "tanh"}})
        d.width = 4


def random_spec(seed: int) -> Data:
    """The plain values of a spec."""
    random = np.random.default_rng(seed)
    several = random.random() < 0.2
    sides = {name: _source(random) for name in (("text", "audio") if several else ("source",))}
    encoders = {name: _encoder(random, side) for name, side in sides.items()}
    memory = next(iter(sides))
    tokens = random.random() < 0.7
    length = ("free", "free", "source", "steps")[random.integers(4)]
    length = length if tokens or length != "free" else "steps"
    data: Data = {"source": sides if several else sides[memory]}
    target: Data = {"tokens": "ids", "size": 10} if tokens else {"features": 2}
    d = Chain(random, 0)
    if not tokens:
        target["start"] = d.pick(
            "zeros", "learned", {"dense": "encoder.final"}, {"dense": "encoder.mean"}
        )
        if d.chance(0.3):
            target["normalize"] = {"mean": [0.3, -0.2], "standard": [2.0, 0.7]}
    data["target"] = {**target, "length": length}
    extra = []
    if length == "steps" and d.chance(0.5):
        data["steps"] = {"calendar": {"features": 2}}
        extra.append("calendar")
    if sides[memory].get("static") and d.chance(0.5):
        extra.append("static")
    if several:
        data |= {
            "encoders": {name: chain.items for name, chain in encoders.items()},
            "memory": memory,
        }
    else:
        data["encoder"] = encoders[memory].items
    around = Around(memory, encoders, length == "source" and d.chance(0.8), extra)
    x = "input"
    if tokens:
        first = {"first": "encoder.final"} if d.chance(0.15) else {}
        table = d.embedding(scale=d.chance(0.2), **first)
        width, x = d.width, "both" if "add" in d.items[-1] else table
    (_recurrent if d.chance(0.6) else _parallel)(d, around, x)
    output: Data = {}
    if not tokens and d.chance(0.5):
        output["kind"] = "gaussian"
    elif tokens and d.width == width and d.chance(0.7):
        output["tied"] = table
    attentions = [item["attention"] for item in d.items if "attention" in item]
    if attentions and tokens and "tokens" in data["source"] and d.chance(0.4):
        data["target"]["vocabulary"] = "shared"
        output["copy"] = attentions[-1].get("name", "attention")
    d.items.append({"output": {**output, "bias": d.chance(0.8)}})
    data["decoder"] = d.items
    return data
