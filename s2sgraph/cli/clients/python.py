"""A client program in Python."""

from __future__ import annotations

import json
from collections.abc import Sequence

from s2sgraph.cli.clients.example import Tensor


def program(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For Python, with onnxruntime and numpy."""
    lines = []
    for t in tensors:
        dtype = "object_" if t.dtype == "string" else t.dtype
        made = f"np.array([{t.listed()}], np.{dtype}).reshape({t.shaped()}{',' * (t.size > 0)})"
        if not t.shape:
            made = f"np.array({t.listed()}, np.{dtype})"
        elif t.values is None:
            made = f"np.zeros(({t.shaped()},), np.{dtype})"
        elif len(t.shape) == 1:
            made = f"np.array([{t.listed()}], np.{dtype})"
        lines.append(f"    {json.dumps(t.name)}: {made},")
    body = "\n".join(lines)
    return f"""import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession({json.dumps(file)})
inputs = {{
{body}
}}
{", ".join(outputs)} = session.run({json.dumps(list(outputs))}, inputs)
print({"text[0, 0]" if "text" in outputs else f"{outputs[0]}[0, 0, : lengths[0, 0]]"})
"""


def extended(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For Python, with onnxruntime-extensions besides."""
    opening = f"session = onnxruntime.InferenceSession({json.dumps(file)}"
    options = """\
options = onnxruntime.SessionOptions()
options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
"""
    plain = program(file, tensors, outputs).replace(opening, f"{options}{opening}, options")
    return plain.replace("onnxruntime\n", "onnxruntime\nimport onnxruntime_extensions\n", 1)
