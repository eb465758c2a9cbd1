"""Operations that draw: never merged, folded or moved, since each time is another draw."""

from __future__ import annotations

from s2sgraph.graph.ops.operation import case, operation
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Node, Value

DRAWN = frozenset({"dropout", "noisy"})
"""The operations that draw."""


def draws(node: Node) -> bool:
    """Whether a node draws, by itself, as a kernel with dropout, or in its body."""
    inner = node.body.nodes if node.body else ()
    return node.op in DRAWN or node.attrs.get("rate", 0.0) > 0 or any(map(draws, inner))


@operation(lambda node, x, *, rate: x, case("float[batch, feature=3]", rate=0.5))
def dropout(x: Value, *, rate: float) -> Type:
    """In training, zero with probability `rate`, else x / (1 - rate) (Srivastava 2014).

    Otherwise x itself.
    """
    return x.type


@operation(lambda node, x, *, deviation: x, case("float[batch, source]", deviation=0.5))
def noisy(x: Value, *, deviation: float) -> Type:
    """In training, x plus normal noise of that standard deviation; otherwise x itself."""
    return x.type
