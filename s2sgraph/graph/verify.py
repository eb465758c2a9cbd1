"""Is a graph sound? Every value is made before it is used, and has the type that its operation gives."""

from __future__ import annotations

from s2sgraph.graph.ops import OPERATIONS
from s2sgraph.graph.ops.operation import outer
from s2sgraph.graph.values import Graph, Node, Value


def verify(graph: Graph) -> None:
    """AssertionError naming the node if the graph (with named axes) is not sound."""
    _block(graph, {weight.value for weight in graph.weights.values()})


def _block(graph: Graph, known: set[Value]) -> None:
    known = known | set(graph.inputs)
    for node in graph.nodes:
        missing = [value for value in node.inputs if value not in known]
        assert not missing, (
            f"{node.where}: {node.op} uses {[str(v.type) for v in missing]} before it is made"
        )
        if node.body:
            _block(node.body, known)
        else:
            _typed(node)
        known.update(node.outputs)
    late = [value for value in graph.outputs if value not in known]
    assert not late, f"outputs that no node makes: {[str(value.type) for value in late]}"


def _typed(node: Node) -> None:
    types = outer(lambda *values: OPERATIONS[node.op].rule(*values, **node.attrs), *node.inputs)
    types = types if isinstance(types, tuple) else (types,)
    for value, type in zip(node.outputs, types, strict=True):
        assert value.type == type, (
            f"{node.where}: {node.op} gives {type}, the graph says {value.type}"
        )
