"""How composites are placed that an engine has a kernel for."""

from __future__ import annotations

from s2sgraph.graph.values import Layout, Node
from s2sgraph.passes.placing.layout import apiece, stored
from s2sgraph.passes.placing.placer import Placed, Placer


def recurrent(p: Placer, node: Node, operands: list[Placed]) -> list[Placed] | None:
    """A cell along an axis, time first; or one step of it, as rows.

    The placed node's inputs are x `[over, rows, feature]`, the lengths if `ragged`, the states
    `[rows, feature]`, and the weights that `weights` names; `final` says which states are read
    after the last place.
    """
    assert node.body is not None
    over, ragged = node.attrs.get("over", ""), node.attrs.get("ragged", False)
    x, *rest = operands
    lengths = [rest.pop(0).raw] if ragged else []
    lead = tuple(axis for axis in x.type.axes if axis not in (over, "feature"))
    rows: Layout = (lead, ("feature",))
    whole: Layout = ((over,), *rows) if over else rows
    x, states = p.conform(x, whole), [p.conform(state, rows) for state in rest]
    weights = {p.names[value]: p.env[value].raw for value in node.body.free() if value in p.names}
    outputs = p.emit(
        node.op,
        [x.raw, *lengths, *(state.raw for state in states), *weights.values()],
        [whole, *(rows for _ in states)],
        [value.type for value in node.outputs],
        **node.attrs,
        weights=tuple(weights),
        states=len(states),
        final=tuple(value in p.used for value in node.outputs[1:]),
    )
    return [p.conform(outputs[0], stored(outputs[0].type)), *outputs[1:]]


def attend(p: Placer, node: Node, operands: list[Placed]) -> list[Placed] | None:
    """Scaled dot-product attention, if nobody asks for the weights.

    The placed node's inputs are the query `[…, rows, key]`, keys `[…, over, key]`, values
    `[…, over, value]` and, if there is one, the mask, broadcast against `[…, rows, over]`.
    """
    if node.outputs[1] in p.used:
        return None
    over, causal = node.attrs["over"], node.attrs["causal"]
    query, keys, values = operands[:3]
    shared = [axis for axis in keys.type.axes if axis in query.type.axes and axis != "key"]
    rows = tuple(axis for axis in query.type.axes if axis not in shared and axis != "key")
    lead = apiece(*shared)
    inputs = [
        p.conform(query, (*lead, rows, ("key",))),
        p.conform(keys, (*lead, (over,), ("key",))),
        p.conform(values, (*lead, (over,), ("value",))),
    ]
    for mask in operands[3:]:
        own = mask.type.axes
        target = tuple(g if g and set(g) <= set(own) else () for g in (*lead, rows, (over,)))
        inputs.append(p.conform(mask, target))
    result = p.op(
        "attend",
        [v.raw for v in inputs],
        (*lead, rows, ("value",)),
        node.outputs[0].type,
        causal=bool(causal),
        rate=node.attrs["rate"],
    )
    return [result, result]  # the second is in place of the weights, which nobody reads
