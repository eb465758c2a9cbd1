"""A product with a weight and the sum with its bias become one node, as every engine has it."""

from __future__ import annotations

from collections import Counter

from s2sgraph.graph.values import Graph, Node, Value


def bias_into_linear(graph: Graph) -> None:
    """`linear(x, w) + b`, with b a weight of one dimension: `linear(x, w, b)`. On placed graphs."""
    weights = {weight.value for weight in graph.weights.values()}
    used = graph.uses()
    for block in graph.blocks():
        made = {value: node for node in block.nodes for value in node.outputs}
        for node in block.nodes:
            if node.op == "add":
                _join(node, made, weights, used)


def _join(node: Node, made: dict[Value, Node], weights: set[Value], used: Counter[Value]) -> None:
    for product, bias in (node.inputs, node.inputs[::-1]):
        linear = made.get(product)
        if linear is None or linear.op != "linear" or len(linear.inputs) != 2 or used[product] != 1:
            continue
        if bias in weights and len(bias.layout or ()) == 1:
            node.op, node.inputs = "linear", (*linear.inputs, bias)
            return
