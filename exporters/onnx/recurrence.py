"""RNN, LSTM and GRU by ONNX's own operators, for whole sequences and for one step."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.values import Node

from .emitter import Array, Emitter, rule

ORDER = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""The gates of ONNX's operators, each by its place in ours.

ONNX has i o f c and z r h; ours are those of torch, i f g o and r z n.
"""


@rule("rnn", "lstm", "gru")
def recurrence(e: Emitter, node: Node) -> list[ir.Value]:
    attrs = node.attrs
    x, *rest = map(e.get, node.inputs[: -len(attrs["weights"])])
    length = rest.pop(0) if attrs.get("ragged") else None
    states = [e.op("Unsqueeze", state, e.ints(0)) for state in rest]
    w, r, b = _weights(e, node)
    sequence = attrs.get("over", "") != ""
    xs = x if sequence else e.op("Unsqueeze", x, e.ints(0))
    ends = None if length is None else e.op("Cast", length, to=ir.DataType.INT32.value)
    outputs = e.many(
        node.op.upper(),
        [xs, w, r, b, ends, *states],
        1 + len(states),
        hidden_size=node.outputs[0].type.sizes["feature"],
        direction="reverse" if attrs.get("reverse") else None,
        linear_before_reset=1 if attrs.get("reset") == "after" else None,
        activations=[attrs["activation"].capitalize()] if node.op == "rnn" else None,
    )
    if not sequence:
        final = [e.op("Squeeze", output, e.ints(0)) for output in outputs[1:]]
        return [final[0], *final]
    own = None
    found = [e.op("Squeeze", outputs[0], e.ints(1)) if e.uses[node.outputs[0]] else outputs[0]]
    for value, state, first in zip(node.outputs[1:], outputs[1:], rest, strict=True):
        if not e.uses[value]:
            found.append(state)
            continue
        last = e.op("Squeeze", state, e.ints(0))
        if length is not None:  # the operator gives an empty sentence the state 0, not its start
            own = own or e.op("Unsqueeze", e.op("Less", e.const(np.int64(0)), length), e.ints(1))
            last = e.op("Where", own, last, first)
        found.append(last)
    return found


def _weights(e: Emitter, node: Node) -> tuple[ir.Value, ir.Value, ir.Value]:
    """The weights of input and state, `[1, gate feature, in]`, and both biases as one."""
    order, called = ORDER[node.op], node.attrs["weights"]
    names = dict(zip(called, node.inputs[-len(called) :], strict=True))

    def gates(array: Array) -> Array:
        parts = np.split(array, len(order))
        return np.concatenate([parts[place] for place in order])

    input_bias = e.weights[names["input_bias"]]
    state_bias = np.zeros_like(input_bias)
    if "state_bias" in names:
        state_bias = e.weights[names["state_bias"]]
    biases = np.concatenate([gates(input_bias), gates(state_bias)])[None]
    path = names["input_bias"].name.removesuffix("input_bias")
    return (
        e.weight(names["input"], "gates", lambda array: gates(array)[None]),
        e.weight(names["state"], "gates", lambda array: gates(array)[None]),
        e.const(biases, f"{path}bias:gates"),
    )
