"""What depends on a place but on no state leaves a scan, and is computed at all places at once.

The products of a cell's inputs, say, become one product of the whole sequence. Names make it a
matter of types: the same operation on values that also have the axis.
"""

from __future__ import annotations

from dataclasses import replace

from s2sgraph.graph.ops import DRAWN, OPERATIONS, outer
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.passes.repeats import Repeat

BOUND = DRAWN | {"every", "expand", "extent", "full", "places", "merge"}
"""Operations that mean something else when their operands have one more axis, or that draw."""


def widen(graph: Graph) -> None:
    """Move such nodes before their scan, innermost scans first."""
    for node in [*graph.nodes]:
        if node.body:
            widen(node.body)
        if node.op == "scan":
            place = graph.nodes.index(node)
            graph.nodes[place:place] = _widened(Repeat.of(node))


def _widened(repeat: Repeat) -> list[Node]:
    """The nodes that leave a scan; it is given what they compute."""
    whole = dict(zip(repeat.slices, repeat.given, strict=True))
    stays, moved, kept = set(repeat.states), [], []
    for node in repeat.inside.nodes:
        wide = None if stays.intersection(node.needs) else _wide(node, whole)
        if wide is None:
            kept.append(node)
            stays.update(node.outputs)
        else:
            moved.append(wide)
            whole.update(zip(node.outputs, wide.outputs, strict=True))
    repeat.inside.nodes = kept
    needed = [value for node in kept for value in node.needs] + [*repeat.results, *repeat.following]
    repeat.slices = [value for value in dict.fromkeys(needed) if value in whole] or repeat.slices[
        :1
    ]
    repeat.given = [whole[value] for value in repeat.slices]
    repeat.write()
    return moved


def _wide(node: Node, whole: dict[Value, Value]) -> Node | None:
    """The node at all places at once; None if it cannot be that."""
    if node.body or node.op in BOUND:
        return None
    inputs = tuple(whole.get(value, value) for value in node.inputs)
    shared = sum(value in whole for value in node.inputs)
    if not shared or (node.op == "take" and shared > 1):
        return None
    operation = OPERATIONS[node.op]
    try:
        types = outer(lambda *values: operation.rule(*values, **node.attrs), *inputs)
    except ShapeError:
        return None
    found: tuple[Type, ...] = types if isinstance(types, tuple) else (types,)
    return replace(node, inputs=inputs, outputs=tuple(Value(type) for type in found))
