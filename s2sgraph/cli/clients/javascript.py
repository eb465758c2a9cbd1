"""A client program in JavaScript."""

from __future__ import annotations

import json
from collections.abc import Sequence

from s2sgraph.cli.clients.example import Tensor


def program(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For Node.js and browsers, with onnxruntime-node or onnxruntime-web."""
    arrays = {"int64": "BigInt64Array", "float32": "Float32Array", "bool": "Uint8Array"}
    lines = []
    for t in tensors:
        suffix = "n" if t.dtype == "int64" else ""
        values = ", ".join(f"{int(v) if t.dtype == 'bool' else v}{suffix}" for v in t.values or ())
        data = f"{arrays.get(t.dtype)}.from([{values}])"
        if t.values is None:
            data = f"new {arrays[t.dtype]}({t.size})"
        if t.dtype == "string":
            data = f"[{t.listed()}]"
        tensor = f'new ort.Tensor("{t.dtype}", {data}, [{t.shaped()}])'
        lines.append(f"  {json.dumps(t.name)}: {tensor},")
    body = "\n".join(lines)
    best, dims = "text.data[0]", "[batch, n_best]"
    if "text" not in outputs:
        dims = "[batch, n_best, length]"
        best = f"{outputs[0]}.dims, {outputs[0]}.data.slice(0, Number(lengths.data[0]))"
    return f"""import * as ort from "onnxruntime-node"; // in a browser: "onnxruntime-web"

const session = await ort.InferenceSession.create({json.dumps(file)});
const {{ {", ".join(outputs)} }} = await session.run({{
{body}
}});
// Of all hypotheses, dims {dims}, the first is the best one.
console.log({best});
"""
