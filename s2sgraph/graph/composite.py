"""One node, several ways to compute it: by an engine's kernel, or by the steps in its body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from s2sgraph.graph import trace
from s2sgraph.graph.trace import Block, Form, Tree, flatten, unflatten
from s2sgraph.graph.values import Graph, Value


def composite(
    name: str, function: Callable[..., Form], inputs: tuple[Tree, ...], **attrs: Any
) -> Form:
    """`function(*inputs)` as one node of that name, with the recorded steps as its body.

    An engine that has a kernel of that name may use it; any other computes the body. Without a name
    the steps are recorded as they are.
    """
    if not name:
        return function(*inputs)
    outside = flatten(inputs)
    inner = Graph(inputs=[Value(value.type) for value in outside])
    with trace.inside(Block(inner)):
        result = function(*unflatten(inputs, iter(inner.inputs)))
    inner.outputs = flatten(result)
    types = tuple(value.type for value in inner.outputs)
    outputs = trace.emit(name, tuple(outside), types, attrs, inner)
    return unflatten(result, iter(outputs))
