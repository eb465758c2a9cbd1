"""Attention, RNN, LSTM and GRU by torch's kernels; loops and scans as calls of a body module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import fx, nn

from s2sgraph.graph.values import Graph, Node
from s2sgraph.passes.placing import Kernel, attend, recurrent
from s2sgraph.passes.placing.placer import Placed, Placer

from .emitter import Emitter, Operand, rule, translate
from .functions import attention, recurrences, repetition
from .module import Module


def fused_gru(p: Placer, node: Node, operands: list[Placed]) -> list[Placed] | None:
    """A GRU whose reset follows the product; for the other torch has no kernel."""
    return recurrent(p, node, operands) if node.attrs["reset"] == "after" else None


def fused_rnn(p: Placer, node: Node, operands: list[Placed]) -> list[Placed] | None:
    """A whole simple recurrence; one step of it is as fast by its own operations."""
    return recurrent(p, node, operands) if node.attrs.get("over") else None


KERNELS: dict[str, Kernel] = {
    "attend": attend,
    "lstm": recurrent,
    "gru": fused_gru,
    "rnn": fused_rnn,
}
WEIGHTS: dict[str, tuple[str, ...]] = {
    "rnn": ("input", "state", "input_bias"),
    "lstm": ("input", "state", "input_bias"),
    "gru": ("input", "state", "input_bias", "state_bias"),
}
"""The weights of each cell in the order in which its function takes them."""

STEPS: dict[str, Callable[..., Any]] = {"lstm": recurrences.lstm_step, "gru": recurrences.gru_step}
WHOLE: dict[str, Callable[..., Any]] = {
    "rnn": recurrences.rnn,
    "lstm": recurrences.lstm,
    "gru": recurrences.gru,
}


@rule("attend")
def dot_product_attention(e: Emitter, node: Node) -> Operand:
    query, keys, values, *masks = map(e.get, node.inputs)
    mask = masks[0] if masks else None
    rate = node.attrs["rate"]
    training = e.training() if rate else False
    return e.call(attention.attend, query, keys, values, mask, node.attrs["causal"], rate, training)


@rule("rnn", "lstm", "gru")
def recurrence(e: Emitter, node: Node) -> Operand:
    attrs = node.attrs
    count = len(attrs["weights"])
    x, *rest = map(e.get, node.inputs[:-count])
    length = rest.pop(0) if attrs.get("ragged") else None
    named = dict(zip(attrs["weights"], map(e.get, node.inputs[-count:]), strict=True))
    weights = [named[name] for name in WEIGHTS[node.op]]
    if not attrs.get("over"):
        return e.call(STEPS[node.op], x, *rest, *weights)
    settings: dict[str, Any] = {"reverse": attrs["reverse"]}
    if node.op == "lstm":
        settings["final_cell"] = attrs["final"][1]
    if node.op == "rnn":
        settings["activation"] = attrs["activation"]
    return e.call(WHOLE[node.op], x, length, *rest, *weights, **settings)


def _body(e: Emitter, graph: Graph) -> tuple[nn.Module, list[Operand]]:
    """A body as a module of its own, and what it takes from around it."""
    free = graph.free()
    captured = [value for value in free if isinstance(e.get(value), fx.Node)]
    root = nn.Module()
    inner = Emitter(root, {})
    inner.env = {value: e.get(value) for value in free if value not in captured}
    for i, value in enumerate((*graph.inputs, *captured)):
        name = value.name.replace(".", "_") or f"x{i}"
        inner.env[value] = inner.graph.placeholder(name)
    inner.graph.output(tuple(translate(inner, graph)))
    return Module(root, inner.graph), [e.get(value) for value in captured]


@rule("scan")
def scan(e: Emitter, node: Node) -> Operand:
    assert node.body is not None
    states, reverse = node.attrs["states"], node.attrs["reverse"]
    body, captured = _body(e, node.body)
    count, results = len(node.inputs) - states, len(node.outputs) - states
    xs, first = [*map(e.get, node.inputs[:count])], [*map(e.get, node.inputs[count:])]
    module = e.module("scan", body)
    return e.call(repetition.scan, module, xs, first, captured, results, reverse)


@rule("loop")
def loop(e: Emitter, node: Node) -> Operand:
    assert node.body is not None
    body, captured = _body(e, node.body)
    trips, *first = map(e.get, node.inputs)
    module = e.module("loop", body)
    return e.call(repetition.loop, module, trips, first, captured, node.attrs["states"])
