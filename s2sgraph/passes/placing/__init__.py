"""The pass from named axes to dimensions."""

from s2sgraph.graph.values import Graph
from s2sgraph.passes.placing import loops, rules
from s2sgraph.passes.placing.kernels import attend, recurrent
from s2sgraph.passes.placing.placer import Extent, Kernel, Placer

__all__ = ["Extent", "Kernel", "attend", "loops", "place", "recurrent", "rules"]


def place(graph: Graph, kernels: dict[str, Kernel]) -> Graph:
    """The graph with a layout for every value, for an engine with these kernels."""
    return Placer(graph, kernels).graph
