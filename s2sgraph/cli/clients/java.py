"""A client program in Java."""

from __future__ import annotations

import json
from collections.abc import Sequence

from s2sgraph.cli.clients.example import Tensor


def program(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For Java 11, with the package com.microsoft.onnxruntime:onnxruntime."""
    buffers = {"int64": ("LongBuffer", "long"), "float32": ("FloatBuffer", "float")}
    lines = []
    for t in tensors:
        shape = f"new long[] {{{t.shaped()}}}"
        if t.dtype == "string":
            made = f"OnnxTensor.createTensor(env, new String[] {{{t.listed()}}})"
        elif t.dtype == "bool":
            # Only from arrays can Java make tensors of booleans.
            value = t.listed() if not t.shape else f"new boolean[] {{{t.listed()}}}"
            made = f"OnnxTensor.createTensor(env, {value})"
        else:
            buffer, kind = buffers[t.dtype]
            suffix = "f" if kind == "float" else ""
            values = ", ".join(f"{v}{suffix}" for v in t.values or ())
            data = f"{buffer}.wrap(new {kind}[] {{{values}}})"
            if t.values is None:
                data = f"{buffer}.allocate({t.size})"
            made = f"OnnxTensor.createTensor(env, {data}, {shape})"
        lines.append(f"      inputs.put({json.dumps(t.name)}, {made});")
    body = "\n".join(lines)
    kind = "long[][][]" if outputs[0] == "tokens" else "float[][][][]"
    printed = """\
        String[][] found = (String[][]) outputs.get("text").get().getValue();
        System.out.println(found[0][0]);"""
    if "text" not in outputs:
        printed = f"""\
        {kind} found = ({kind}) outputs.get({json.dumps(outputs[0])}).get().getValue();
        long[][] lengths = (long[][]) outputs.get("lengths").get().getValue();
        System.out.println(Arrays.toString(Arrays.copyOf(found[0][0], (int) lengths[0][0])));"""
    return f"""import ai.onnxruntime.*;
import java.nio.*;
import java.util.*;

public class Decode {{
  public static void main(String[] arguments) throws OrtException {{
    OrtEnvironment env = OrtEnvironment.getEnvironment();
    try (OrtSession session = env.createSession({json.dumps(file)})) {{
      Map<String, OnnxTensor> inputs = new HashMap<>();
{body}
      try (OrtSession.Result outputs = session.run(inputs)) {{
{printed}
      }}
    }}
  }}
}}
"""
