"""What layers cost: multiply-adds of their products, told apart by what they grow with."""

from __future__ import annotations

from collections import defaultdict
from math import prod

from s2sgraph.graph.values import Graph, Node

Cost = dict[tuple[str, ...], int]
"""Multiply-adds by the axes they grow with: `(): 4096` once, `("source",): 64` for each place."""

WORDS = {"peer": "source", "past": "earlier step"}
"""What axes are called where people read them."""

ROWS = frozenset({"batch", "given batch"})


def costs(graph: Graph) -> dict[str, Cost]:
    """The multiply-adds of a graph for one row, by the path of the layer."""
    found: dict[str, Cost] = defaultdict(lambda: defaultdict(int))
    _block(graph, (), found)
    return {path: dict(cost) for path, cost in found.items()}


def _block(graph: Graph, repeated: tuple[str, ...], found: dict[str, Cost]) -> None:
    for node in graph.nodes:
        if node.op == "dot":
            axes, count = _product(node)
            found[node.where][tuple(sorted({*axes, *repeated}))] += count
        if node.body:
            over = (node.attrs["over"],) if node.op == "scan" else ()
            _block(node.body, (*repeated, *over), found)


def _product(node: Node) -> tuple[list[str], int]:
    sizes = {axis: size for value in node.inputs for axis, size in value.type.dims}
    open_axes = [axis for axis, size in sizes.items() if size is None and axis not in ROWS]
    return open_axes, prod(size for size in sizes.values() if size is not None)


def owned(cost: dict[str, Cost], path: str) -> Cost:
    """The cost of a layer: its own and that of its parts."""
    total: Cost = defaultdict(int)
    for where, found in cost.items():
        if where == path or where.startswith(f"{path}."):
            for axes, count in found.items():
                total[axes] += count
    return total


def short(number: int) -> str:
    """A number for the eye: 950, 12.3k, 4.56M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def described(cost: Cost, whole: str = "") -> str:
    """A cost in words: `12k + 64 per source`; the axis `whole` goes without saying."""
    parts = []
    for axes, count in sorted(cost.items()):
        rest = [WORDS.get(axis, axis) for axis in axes if axis != whole]
        parts.append(short(count) + (f" per {' and '.join(rest)}" if rest else ""))
    return " + ".join(parts)
