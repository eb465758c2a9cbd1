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
from s2sgraph.passes.widen import widen

Pass = Callable[[Graph], None]
Watch = Callable[[str, Graph], None]
"""Called with the name of each pass that has run, and what it has left."""

NAMED: tuple[tuple[str, Pass], ...] = (
    ("prune", prune),
    ("hoist", hoist),
    ("widen", widen),
    ("dedupe", dedupe),
)
PLACED: tuple[tuple[str, Pass], ...] = (
    ("placed hoist", hoist),
    ("placed dedupe", dedupe),
    ("bias_into_linear", bias_into_linear),
    ("placed prune", prune),
)


def _unwatched(name: str, graph: Graph) -> None:
    pass


def simplify(graph: Graph, *, after: Watch = _unwatched) -> None:
    """Run the passes on named axes; the graph is verified before the first and after each."""
    verify(graph)
    after("trace", graph)
    for name, function in NAMED:
        function(graph)
        verify(graph)
        after(name, graph)


def lower(graph: Graph, kernels: dict[str, Kernel], *, after: Watch = _unwatched) -> Graph:
    """Simplify, place and clean up: the positional graph that exporters translate.

    `kernels` says which composites the engine has, and how each is placed. The graph itself is
    changed too.
    """
    simplify(graph, after=after)
    placed = place(graph, kernels)
    verify(placed, placed=True)
    after("place", placed)
    for name, function in PLACED:
        function(placed)
        verify(placed, placed=True)
        after(name, placed)
    return placed
