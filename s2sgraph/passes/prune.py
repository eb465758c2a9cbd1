"""What nobody needs goes: nodes, states that only feed themselves, unread results of loops."""

from __future__ import annotations

from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.passes.repeats import Repeat


def prune(graph: Graph) -> None:
    """Drop what does not reach an output. Weights that are not used are dropped with it."""
    _nodes(graph)
    used = graph.uses()
    graph.weights = {path: weight for path, weight in graph.weights.items() if weight.value in used}


def _nodes(graph: Graph) -> None:
    used = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if not used.intersection(node.outputs):
            continue
        if node.op in ("loop", "scan"):
            _repeat(Repeat.of(node), used)
        if node.body:
            _nodes(node.body)
        used.update(node.needs)
        kept.append(node)
    graph.nodes = kept[::-1]


def _repeat(repeat: Repeat, used: set[Value]) -> None:
    """Keep the results that are used, and the states that these or other such states need."""
    results = [i for i, value in enumerate(repeat.stacked) if value in used]
    alive = {i for i, value in enumerate(repeat.finals) if value in used}
    while True:
        wanted = [
            *repeat.control,
            *(repeat.results[i] for i in results),
            *(repeat.following[i] for i in alive),
        ]
        needed = _behind(repeat.inside, wanted)
        grown = alive | {i for i, value in enumerate(repeat.states) if value in needed}
        if grown == alive:
            break
        alive = grown
    if repeat.node.op == "scan":
        slices = [i for i, value in enumerate(repeat.slices) if value in needed]
        repeat.keep_slices(slices or [0])  # one must say how many places there are
    repeat.keep_states(sorted(alive))
    repeat.keep_results(results)
    repeat.write()


def _behind(body: Graph, wanted: list[Value]) -> set[Value]:
    """The values of a body that these are computed from."""
    needed = set(wanted)
    for node in reversed(body.nodes):
        if needed.intersection(node.outputs):
            needed.update(node.needs)
    return needed
