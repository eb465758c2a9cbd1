"""How loops and scans are placed: states rest in one layout from step to step."""

from __future__ import annotations

from s2sgraph.graph.values import Graph, Layout, Node, Value
from s2sgraph.passes.placing.layout import stored
from s2sgraph.passes.placing.placer import Placed, Placer, rule

Grows = tuple[tuple[str, ...], ...]
"""For each state, the axes whose size changes from step to step."""


def _body(
    p: Placer, node: Node, layouts: list[Layout], wanted: list[Layout], grows: Grows
) -> Graph:
    """The body of a loop, its inputs in `layouts` and its outputs in `wanted`."""
    assert node.body is not None
    with p.inner(grows) as graph:
        graph.inputs = [
            p.declare(value, layout)
            for value, layout in zip(node.body.inputs, layouts, strict=True)
        ]
        p.block(node.body)
        placed = [p.env[value] for value in node.body.outputs]
        graph.outputs = [p.conform(v, layout).raw for v, layout in zip(placed, wanted, strict=True)]
    return graph


@rule("loop")
def loop(
    p: Placer, node: Node, trips: Placed, *first: Placed, states: int, grows: Grows
) -> list[Placed]:
    assert node.body is not None
    first = tuple(p.conform(x, stored(x.type)) for x in first)
    rests: list[Layout] = [x.layout for x in first]
    emitted = [stored(value.type) for value in node.body.outputs[1 + states :]]
    inner = _body(p, node, [(), *rests], [(), *rests, *emitted], grows)
    pairs = zip(node.outputs[states:], emitted, strict=True)
    stacked = [(value.axes[:1], *layout) for value, layout in pairs]
    inputs = [trips.raw, *(x.raw for x in first)]
    types = [value.type for value in node.outputs]
    p.where = node.where
    return p.emit("loop", inputs, [*rests, *stacked], types, inner, states=states)


@rule("scan")
def scan(
    p: Placer,
    node: Node,
    *operands: Placed,
    over: str,
    reverse: bool,
    states: int,
    grows: Grows,
) -> list[Placed]:
    assert node.body is not None
    count, results = len(operands) - states, len(node.outputs) - states
    slices = [stored(value.type) for value in node.body.inputs[:count]]
    whole = [
        p.conform(x, ((over,), *rest)) for x, rest in zip(operands[:count], slices, strict=True)
    ]
    first = [p.conform(x, stored(x.type)) for x in operands[count:]]
    rests = [x.layout for x in first]
    emitted = [stored(value.type) for value in node.body.outputs[:results]]
    inner = _body(p, node, [*slices, *rests], [*emitted, *rests], grows)
    layouts: list[Layout] = [*(((over,), *layout) for layout in emitted), *rests]
    inputs: list[Value] = [x.raw for x in (*whole, *first)]
    types = [value.type for value in node.outputs]
    p.where = node.where
    settings = {"states": states, "reverse": reverse, "grows": grows}
    placed = p.emit("scan", inputs, layouts, types, inner, **settings)
    stacked = [p.conform(x, stored(x.type)) for x in placed[:results]]
    return [*stacked, *placed[results:]]
