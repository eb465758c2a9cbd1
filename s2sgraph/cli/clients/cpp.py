"""A client program in C++."""

from __future__ import annotations

import json
from collections.abc import Sequence

from s2sgraph.cli.clients.example import Tensor


def program(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For C++17, with the onnxruntime library."""
    types = {"int64": "int64_t", "float32": "float", "bool": "uint8_t"}
    lines = []
    for t in tensors:
        if t.dtype == "string":
            lines += _cpp_line(t)
            continue
        name, kind = t.variable, types[t.dtype]
        values = f"({t.size})" if t.values is None else f"{{{t.listed()}}}"
        lines.append(f"  std::vector<{kind}> {name}{values};")
        lines.append(f"  std::vector<int64_t> {name}_shape{{{t.shaped()}}};")
        bools = ", ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL" * (t.dtype == "bool")
        size = f"{name}.size()" + " * sizeof(uint8_t)" * (t.dtype == "bool")
        lines.append(
            f"  inputs.push_back(Ort::Value::CreateTensor(memory, {name}.data(), {size},\n"
            f"      {name}_shape.data(), {name}_shape.size(){bools}));"
        )
    body = "\n".join(lines)
    ins = ", ".join(json.dumps(t.name) for t in tensors)
    outs = ", ".join(map(json.dumps, outputs))
    kind = "int64_t" if outputs[0] == "tokens" else "float"
    found = "  std::cout << outputs[0].GetStringTensorElement(0) << '\\n';"
    if "text" not in outputs:
        place = outputs.index("lengths")
        found = f"""\
  const int64_t length = outputs[{place}].GetTensorData<int64_t>()[0];
  const {kind}* best = outputs[0].GetTensorData<{kind}>();
  for (int64_t i = 0; i < length; ++i) std::cout << best[i] << ' ';"""
    return f"""#include <onnxruntime_cxx_api.h>
#include <iostream>
#include <vector>

int main() {{
  Ort::Env env;
  Ort::Session session(env, ORT_TSTR({json.dumps(file)}), Ort::SessionOptions{{}});
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::vector<Ort::Value> inputs;
{body}
  const char* input_names[] = {{{ins}}};
  const char* output_names[] = {{{outs}}};
  auto outputs = session.Run(Ort::RunOptions{{}}, input_names, inputs.data(), inputs.size(),
                             output_names, {len(outputs)});
{found}
}}
"""


def _cpp_line(t: Tensor) -> list[str]:
    """C++ of before 2023 cannot name control characters, nor halves of pairs, by their number."""
    texts = [json.dumps(text, ensure_ascii=False) for text in t.values or ()]
    name, listed = t.variable, ", ".join(texts).replace("\\u001f", "\\037")
    return [
        f"  const char* {name}[] = {{{listed}}};",
        f"  std::vector<int64_t> {name}_shape{{{t.shaped()}}};",
        f"  Ort::AllocatorWithDefaultOptions {name}_allocator;",
        f"  inputs.push_back(Ort::Value::CreateTensor({name}_allocator, {name}_shape.data(),\n"
        f"      {name}_shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING));",
        f"  inputs.back().FillStringTensor({name}, {t.size});",
    ]
