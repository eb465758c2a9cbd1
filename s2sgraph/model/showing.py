"""A model for the eye: a tree of its layers as text, or its graph as Mermaid, DOT or SVG."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from s2sgraph.graph.show import show
from s2sgraph.model.costs import costs, described, owned
from s2sgraph.model.drawing import dot, mermaid, svg
from s2sgraph.passes.pipeline import NAMED, PLACED, lower

if TYPE_CHECKING:
    from s2sgraph.graph.values import Graph
    from s2sgraph.model.model import Model

FORMATS = ("text", "mermaid", "dot", "svg")


def shown(model: Model, format: str = "text") -> str:
    """The model in one of the formats; ValueError for another."""
    if format not in FORMATS:
        raise ValueError(f"no format is called {format}; there are {', '.join(FORMATS)}")
    if format == "text":
        return tree(model)
    return {"mermaid": mermaid, "dot": dot, "svg": svg}[format](model.layers)


def tree(model: Model) -> str:
    """Every layer with its output, its weights and its multiply-adds, chain by chain."""
    stepping = model.tracing().stepping()
    lines = [_heading(model)]
    for chain in model.layers.chains:
        decoder = chain == "decoder"
        axis = "" if decoder else _axis(model, chain)
        cost = costs(stepping.step if decoder else stepping.encode)
        rows = [
            _row(model, path, owned(cost, path), axis)
            for path in model.layers.nodes
            if _in(model, path, chain)
        ]
        per = "one step" if decoder else f"each place of {axis}"
        lines += ["", f"{chain} (multiply-adds for {per})", *_table(rows)]
    training = _training(model)
    return "\n".join([*lines, "", *training] if training else lines) + "\n"


def _training(model: Model) -> list[str]:
    """What is to be known of how it trains, a line each."""
    layers = model.layers
    groups = [group for group in layers.groups() if layers.scanned(group)]
    named = [", ".join(path.removeprefix("decoder.") for path in group) for group in groups]
    return [*(f"trains step by step: {names}" for names in named), *layers.supervision.described()]


def _in(model: Model, path: str, chain: str) -> bool:
    return model.layers.nodes[path].chain == chain


def _axis(model: Model, chain: str) -> str:
    return "source" if chain == "encoder" else chain


def _heading(model: Model) -> str:
    megabytes = model.parameters * 4 / 1e6
    text = f"{model.spec.name}: {model.parameters:,} parameters, about {megabytes:.1f} MB as a file"
    for name, size in model.assumed.items():
        text += f"\nthe vocabulary of {name} is open: counted as {size:,} symbols"
    return text


def _row(model: Model, path: str, cost: dict[tuple[str, ...], int], axis: str) -> tuple[str, ...]:
    node = model.layers.nodes[path]
    local = path.partition(".")[2]
    own = sum(prod(shape) for name, shape in model.weights.items() if name.startswith(f"{path}."))
    inputs = []
    for reference in node.layer.inputs:
        target = model.layers.targets[path][reference]
        name = target.node.partition(".")[2] if target.node else target.what
        inputs.append(
            ("prev." if target.previous else "") + name + (f".{target.part}" if target.part else "")
        )
    memory = getattr(node.layer, "memory", None)
    if memory is not None:
        inputs.append(f"over {memory}")
    features = model.layers.sizes.layer(path) or model.symbols.get("target", 0)
    return (
        f"  {local}",
        node.layer.word,
        f"[{features}]",
        f"{own:,}" if own else "",
        described(cost, axis),
        "from " + ", ".join(inputs),
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = (2, 3)
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def shown_after(model: Model, name: str, graph: str = "decode") -> str:
    """The graph of operations after a pass of the compiler; ValueError for no such pass."""
    known = ["trace", *(name for name, _ in NAMED), "place", *(name for name, _ in PLACED)]
    if name not in known:
        raise ValueError(f"no pass is called {name}; there are {', '.join(known)}")
    found: dict[str, str] = {}

    def keep(done: str, after: Graph) -> None:
        if done == name:
            found[name] = show(after)

    lower(model.trace(graph), {}, after=keep)
    return found[name] + "\n"
