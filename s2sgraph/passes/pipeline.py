"""The passes in their order, by name: first on named axes, then, after `place`, on dimensions."""

from __future__ import annotations

from collections.abc import Callable

from s2sgraph.graph.values import Graph
from s2sgraph.graph.verify import verify
from s2sgraph.passes.bias import bias_into_linear
from s2sgraph.passes.dedupe import dedupe
from s2sgraph.passes.hoist import hoist
from s2sgraph.passes.placing import Kernel, place
from s2sgraph.passes.prune import prune

Pass = Callable[[Graph], None]

NAMED: tuple[tuple[str, Pass], ...] = (("prune", prune), ("hoist", hoist), ("dedupe", dedupe))
PLACED: tuple[tuple[str, Pass], ...] = (
    ("placed hoist", hoist),
    ("placed dedupe", dedupe),
    ("bias_into_linear", bias_into_linear),
    ("placed prune", prune),
)


def simplify(
    graph: Graph, *, after: Callable[[str, Graph], None] = lambda name, graph: None
) -> None:
    """Run the passes on named axes, checking the graph after each; `after` is called with each pass's name."""
    verify(graph)
    after("trace", graph)
    for name, function in NAMED:
        function(graph)
        verify(graph)
        after(name, graph)


def lower(
    graph: Graph,
    kernels: dict[str, Kernel],
    *,
    after: Callable[[str, Graph], None] = lambda name, graph: None,
) -> Graph:
    """Simplify, place and clean up: the positional graph that exporters translate."""
    simplify(graph, after=after)
    placed = place(graph, kernels)
    after("place", placed)
    for name, function in PLACED:
        function(placed)
        after(name, placed)
    return placed
