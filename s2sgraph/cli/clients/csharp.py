"""A client program in C#."""

from __future__ import annotations

import json
from collections.abc import Sequence

from s2sgraph.cli.clients.example import Tensor


def program(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For C#, with the package Microsoft.ML.OnnxRuntime."""
    types = {"int64": "long", "float32": "float", "bool": "bool"}
    lines = []
    for t in tensors:
        if t.dtype == "string":
            made = f"new DenseTensor<string>(new[] {{{t.listed()}}}, new[] {{{t.shaped()}}})"
            lines.append(f"    [{json.dumps(t.name)}] = OrtValue.CreateFromStringTensor({made}),")
            continue
        kind = types[t.dtype]
        values = f"new {kind}[{t.size}]" if t.values is None else f"new {kind}[] {{{t.listed()}}}"
        lines.append(
            f"    [{json.dumps(t.name)}] = "
            f"OrtValue.CreateTensorValueFromMemory({values}, new long[] {{{t.shaped()}}}),"
        )
    body = "\n".join(lines)
    kind = "long" if outputs[0] == "tokens" else "float"
    found = "Console.WriteLine(outputs[0].GetStringElement(0));"
    if "text" not in outputs:
        found = f"""\
var length = outputs[{outputs.index("lengths")}].GetTensorDataAsSpan<long>()[0];
var best = outputs[0].GetTensorDataAsSpan<{kind}>()[..(int)length];
Console.WriteLine(string.Join(' ', best.ToArray()));"""
    tensors_too = "\nusing Microsoft.ML.OnnxRuntime.Tensors;" * ("text" in outputs)
    return f"""using Microsoft.ML.OnnxRuntime;{tensors_too}

using var session = new InferenceSession({json.dumps(file)});
var inputs = new Dictionary<string, OrtValue>
{{
{body}
}};
var names = new[] {{ {", ".join(map(json.dumps, outputs))} }};
using var outputs = session.Run(new RunOptions(), inputs, names);
{found}
"""
