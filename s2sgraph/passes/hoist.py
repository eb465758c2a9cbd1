"""What does not depend on what changes from step to step leaves the loop; no runtime does this for us."""

from __future__ import annotations

from s2sgraph.graph import loops
from s2sgraph.graph.values import Graph


def hoist(graph: Graph) -> None:
    """Move invariant nodes before their loop or scan, innermost first."""
    for node in [*graph.nodes]:
        if node.body:
            hoist(node.body)
            if node.op in ("loop", "scan"):
                loops.hoist(node.body, graph, graph.nodes.index(node))
