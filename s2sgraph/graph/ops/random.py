"""Operations that draw: never merged, folded or moved, since each time is another draw."""

from __future__ import annotations

from s2sgraph.graph.ops.operation import case, operation
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value

DRAWN = frozenset({"dropout"})


@operation(lambda node, x, *, rate: x, case("float[batch, feature=3]", rate=0.5))
def dropout(x: Value, *, rate: float) -> Type:
    """In training, zero with probability `rate`, else x / (1 - rate) (Srivastava 2014).

    Otherwise x itself.
    """
    return x.type
