"""What is the same at every step leaves the loop; no runtime does this for us."""

from __future__ import annotations

from s2sgraph.graph import loops
from s2sgraph.graph.values import Graph


def hoist(graph: Graph) -> None:
    """Move nodes that depend on no step before their loop or scan, innermost first."""
    for node in [*graph.nodes]:
        if node.body:
            hoist(node.body)
            if node.op in ("loop", "scan"):
                loops.hoist(node.body, graph, graph.nodes.index(node))
