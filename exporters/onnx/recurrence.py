"""RNN, LSTM and GRU by ONNX's own operators, for whole sequences and for one step."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.values import Node

from .emitter import Array, Emitter, rule

ORDER = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""The gates of ONNX's operator (i o f c; z r h), by their place in ours, which is torch's (i f g o; r z n)."""


@rule("rnn", "lstm", "gru")
def recurrence(e: Emitter, node: Node) -> list[ir.Value]:
    attrs = node.attrs
    x, *rest = map(e.get, node.inputs[: len(node.inputs) - len(attrs["weights"])])
    length = rest.pop(0) if attrs.get("ragged") else None
    states = [e.op("Unsqueeze", state, e.ints(0)) for state in rest]
    w, r, b = _weights(e, node)
    sequence = attrs.get("over", "") != ""
    outputs = e.many(
        node.op.upper(),
        [
            x if sequence else e.op("Unsqueeze", x, e.ints(0)),
            w,
            r,
            b,
            length and e.op("Cast", length, to=ir.DataType.INT32.value),
            *states,
        ],
        1 + len(states),
        hidden_size=r.shape[2] if r.shape else None,
        direction="reverse" if attrs.get("reverse") else None,
        linear_before_reset=1 if attrs.get("reset") == "after" else None,
        activations=[attrs["activation"].capitalize()] if node.op == "rnn" else None,
    )
    final = [e.op("Squeeze", output, e.ints(0)) for output in outputs[1:]]
    if not sequence:
        return [final[0], *final]
    if length is not None:  # the operator gives a sentence of length 0 the state 0, not its start
        own = e.op("Unsqueeze", e.op("Less", e.const(np.int64(0)), length), e.ints(1))
        final = [e.op("Where", own, last, first) for last, first in zip(final, rest, strict=True)]
    return [e.op("Squeeze", outputs[0], e.ints(1)), *final]


def _weights(e: Emitter, node: Node) -> tuple[ir.Value, ir.Value, ir.Value]:
    order = ORDER[node.op]
    names = dict(
        zip(
            node.attrs["weights"],
            node.inputs[len(node.inputs) - len(node.attrs["weights"]) :],
            strict=True,
        )
    )

    def gates(array: Array) -> Array:
        parts = np.split(array, len(order))
        return np.concatenate([parts[place] for place in order])

    input_bias = e.weights[names["input_bias"]]
    state_bias = (
        e.weights[names["state_bias"]] if "state_bias" in names else np.zeros_like(input_bias)
    )
    path = e.paths[names["input_bias"]].removesuffix("input_bias")
    return (
        e.weight(names["input"], "gates", lambda array: gates(array)[None]),
        e.weight(names["state"], "gates", lambda array: gates(array)[None]),
        e.const(np.concatenate([gates(input_bias), gates(state_bias)])[None], f"{path}bias:gates"),
    )
