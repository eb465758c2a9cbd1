"""The graph of layers as a picture: Mermaid, DOT, or SVG drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import networkx as nx

from s2sgraph.model.graph import ModelGraph

Edge = tuple[str, str, bool]
"""From, to, and whether the value is of the step before."""


def _label(model: ModelGraph, path: str) -> tuple[str, str]:
    node = model.nodes[path]
    local = path.partition(".")[2]
    return local, "" if local == node.layer.word else node.layer.word


def _edges(model: ModelGraph) -> Iterator[Edge]:
    for a, b, previous in model.graph.edges(data="previous"):
        if not (a == b and model.nodes[a].layer.runs):
            yield a, b, previous
    for path, targets in model.targets.items():
        for target in targets.values():
            if target.what == "input" and target.node == "":
                yield f"{target.chain}.input", path, False


def _ids(model: ModelGraph) -> dict[str, str]:
    names = [*model.nodes, *(f"{chain}.input" for chain in model.chains)]
    return {name: f"n{i}" for i, name in enumerate(names)}


def mermaid(model: ModelGraph) -> str:
    """A Mermaid flowchart: one box a chain, dotted arrows from the step before."""
    ids = _ids(model)
    lines = ["flowchart BT"]
    for chain in model.chains:
        lines.append(f"  subgraph {chain}")
        given = "symbols or frames before" if chain == "decoder" else "source"
        lines.append(f'    {ids[f"{chain}.input"]}(["{given}"])')
        for path in model.nodes:
            if model.nodes[path].chain == chain:
                name, word = _label(model, path)
                lines.append(f'    {ids[path]}["{name}{f"<br><i>{word}</i>" if word else ""}"]')
        lines.append("  end")
    lines += [
        f"  {ids[a]} {'-. prev .->' if previous else '-->'} {ids[b]}"
        for a, b, previous in _edges(model)
    ]
    return "\n".join(lines) + "\n"


def dot(model: ModelGraph) -> str:
    """A Graphviz digraph: one cluster a chain, dashed edges from the step before."""
    ids = _ids(model)
    lines = ["digraph model {", "  rankdir=BT; node [shape=box, fontname=Helvetica];"]
    for chain in model.chains:
        lines.append(f'  subgraph "cluster_{chain}" {{ label="{chain}";')
        lines.append(f'    {ids[f"{chain}.input"]} [label="input", shape=oval];')
        for path in model.nodes:
            if model.nodes[path].chain == chain:
                label = "\\n".join(filter(None, _label(model, path)))
                lines.append(f'    {ids[path]} [label="{label}"];')
        lines.append("  }")
    for a, b, previous in _edges(model):
        style = ' [style=dashed, label="prev", constraint=false]' if previous else ""
        lines.append(f"  {ids[a]} -> {ids[b]}{style};")
    return "\n".join([*lines, "}"]) + "\n"


WIDTH, HEIGHT, ACROSS, UP = 150, 40, 40, 46
"""Of a box, and between boxes, in pixels."""


def svg(model: ModelGraph) -> str:
    """A drawing from bottom to top; dashed arrows come from the step before."""
    edges = [*_edges(model)]
    now = nx.DiGraph((a, b) for a, b, previous in edges if not previous)
    now.add_nodes_from(model.nodes)
    level = {node: i for i, group in enumerate(nx.topological_generations(now)) for node in group}
    columns = {chain: i for i, chain in enumerate(model.chains)}
    taken: dict[tuple[int, int], int] = {}
    places: dict[str, tuple[float, float]] = {}
    widest = dict.fromkeys(columns, 1)
    for node in sorted(level, key=lambda node: (level[node], node)):
        chain = _chain(model, node)
        slot = taken.get((columns[chain], level[node]), 0)
        taken[columns[chain], level[node]] = slot + 1
        widest[chain] = max(widest[chain], slot + 1)
        places[node] = (slot, level[node])
    left = {}
    across = float(ACROSS)
    for chain in columns:
        left[chain] = across
        across += widest[chain] * (WIDTH + ACROSS) + ACROSS
    top = max(level.values()) * (HEIGHT + UP) + UP
    middle = {
        node: (
            left[_chain(model, node)] + slot * (WIDTH + ACROSS) + WIDTH / 2,
            top - row * (HEIGHT + UP) + HEIGHT / 2,
        )
        for node, (slot, row) in places.items()
    }
    size = (across, top + HEIGHT + UP)
    parts = [*_frame(size), *(_arrow(middle[a], middle[b], previous) for a, b, previous in edges)]
    parts += [_box(model, node, *place) for node, place in middle.items()]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _chain(model: ModelGraph, node: str) -> str:
    return model.nodes[node].chain if node in model.nodes else node.partition(".")[0]


def _frame(size: tuple[float, float]) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13">'
    )
    yield (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#555"/>'
        "</marker></defs>"
    )
    yield '<rect width="100%" height="100%" fill="#fff"/>'


def _arrow(start: tuple[float, float], end: tuple[float, float], previous: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    style = ' stroke-dasharray="5 4"' if previous else ""
    if previous:  # round the right-hand side, since it often leads back down
        side = max(x1, x2) + WIDTH / 2 + 60
        out, back = x1 + WIDTH / 2, x2 + WIDTH / 2
        path = f"M{out:.0f} {y1:.0f}C{side:.0f} {y1:.0f} {side:.0f} {y2:.0f} {back:.0f} {y2:.0f}"
    else:
        y1, y2 = y1 - HEIGHT / 2, y2 + HEIGHT / 2
        half = (y1 + y2) / 2
        path = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {half:.0f} {x2:.0f} {half:.0f} {x2:.0f} {y2:.0f}"
    return f'<path d="{path}" fill="none" stroke="#555"{style} marker-end="url(#tip)"/>'


def _box(model: ModelGraph, node: str, x: float, y: float) -> str:
    given = node not in model.nodes
    name, word = (f"{_chain(model, node)} input", "") if given else _label(model, node)
    fill = "#eee" if given else "#fdf3e0" if _chain(model, node) == "decoder" else "#e6f0fa"
    rectangle = (
        f'<rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" height="{HEIGHT}" '
        f'rx="{HEIGHT / 2 if given else 5:.0f}" fill="{fill}" stroke="#555"/>'
    )
    lines = [
        f'<text x="{x:.0f}" y="{y + (4 if not word else -2):.0f}" text-anchor="middle">'
        f"{escape(name)}</text>"
    ]
    if word:
        lines.append(
            f'<text x="{x:.0f}" y="{y + 13:.0f}" text-anchor="middle" font-size="11" '
            f'fill="#777">{escape(word)}</text>'
        )
    return rectangle + "".join(lines)
