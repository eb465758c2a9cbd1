"""Is a graph sound? Values are made before they are used, and have the type that their op gives."""

from __future__ import annotations

from s2sgraph.graph.ops import OPERATIONS
from s2sgraph.graph.ops.operation import outer
from s2sgraph.graph.values import Graph, Node, Value


def verify(graph: Graph, *, placed: bool = False) -> None:
    """AssertionError naming the node if the graph is not sound.

    The operations of a placed graph are other ones, so there only the order is looked at.
    """
    _block(graph, {weight.value for weight in graph.weights.values()}, placed)


def _block(graph: Graph, known: set[Value], placed: bool) -> None:
    known = known | set(graph.inputs)
    for node in graph.nodes:
        missing = [value for value in node.inputs if value not in known]
        assert not missing, (
            f"{node.where}: {node.op} uses {[str(v.type) for v in missing]} before it is made"
        )
        if node.body:
            _block(node.body, known, placed)
        elif not placed:
            _typed(node)
        known.update(node.outputs)
    late = [value for value in graph.outputs if value not in known]
    assert not late, f"outputs that no node makes: {[str(value.type) for value in late]}"


def _typed(node: Node) -> None:
    # Whether pairs were meant was asked when the node was recorded.
    found = outer(lambda *values: OPERATIONS[node.op].rule(*values, **node.attrs), *node.inputs)
    types = found if isinstance(found, tuple) else (found,)
    for value, type in zip(node.outputs, types, strict=True):
        assert value.type == type, (
            f"{node.where}: {node.op} gives {type}, the graph says {value.type}"
        )
