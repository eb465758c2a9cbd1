"""Client programs for a decode file, in five languages, with the file's own inputs filled in."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from s2sgraph.runtime import Contract, Input
from s2sgraph.text import Vocabulary, sent

_PLACES = 3


@dataclass(frozen=True)
class Tensor:
    """One input with example values; None for values means zeros."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: tuple[float | int | bool | str, ...] | None

    @property
    def size(self) -> int:
        """The number of values."""
        size = 1
        for number in self.shape:
            size *= number
        return size

    @property
    def variable(self) -> str:
        """The name as an identifier."""
        return re.sub(r"\W", "_", self.name)

    def listed(self) -> str:
        """The values (or as many zeros) with commas."""
        return ", ".join(json.dumps(value) for value in self.values or ())

    def shaped(self) -> str:
        """The shape with commas."""
        return ", ".join(map(str, self.shape))


def example(contract: Contract) -> list[Tensor]:
    """One row for the file's inputs, with the default of every setting."""
    measured = {f"{source.name}_length" for source in contract.sources}
    return [
        _line(contract, wanted)
        if wanted.dtype == "string"
        else _tensor(wanted, wanted.name in measured)
        for wanted in contract.inputs
    ]


def _line(contract: Contract, wanted: Input) -> Tensor:
    """A line of some symbols, as the file takes it."""
    table = contract.table(wanted)
    line = ""
    if isinstance(table, Vocabulary):
        line = sent(table, table.units.join([*table.ordinary][:_PLACES]), wanted.separator)
    return Tensor(wanted.name, wanted.dtype, (1,), (line,))


def _tensor(wanted: Input, is_length: bool) -> Tensor:
    sizes = {"batch": 1}
    if wanted.axes == ("batch",):
        # Lengths are said although they could be left to the default: not every language's
        # runtime makes empty tensors.
        return Tensor(wanted.name, wanted.dtype, (1,), (_PLACES,))
    if wanted.is_setting and not wanted.required:
        default = wanted.default if isinstance(wanted.default, list) else [wanted.default]
        shape: tuple[int, ...] = (len(default),) if wanted.axes else ()
        return Tensor(wanted.name, wanted.dtype, shape, tuple(default))
    if wanted.default == []:
        return Tensor(wanted.name, wanted.dtype, (1, *[0] * (len(wanted.axes) - 1)), ())
    shape = tuple(a if isinstance(a, int) else sizes.get(a, _PLACES) for a in wanted.axes)
    if wanted.dtype != "int64":
        return Tensor(wanted.name, wanted.dtype, shape, None)
    last = (wanted.below or 100) - 1
    tensor = Tensor(wanted.name, wanted.dtype, shape, None)
    ids = tuple(min(4 + place, last) for place in range(tensor.size))
    return Tensor(wanted.name, wanted.dtype, shape, ids)


def _outputs(contract: Contract) -> list[str]:
    known = [output.name for output in contract.outputs]
    if "text" in known:
        return [name for name in ("text", "scores") if name in known]
    return [name for name in ("tokens", "frames", "lengths", "scores") if name in known]


def python(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
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


def javascript(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
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


def cpp(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
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


def csharp(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
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


def java(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
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


def extended_python(file: str, tensors: Sequence[Tensor], outputs: Sequence[str]) -> str:
    """For Python, with onnxruntime-extensions besides."""
    opening = f"session = onnxruntime.InferenceSession({json.dumps(file)}"
    options = """\
options = onnxruntime.SessionOptions()
options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
"""
    program = python(file, tensors, outputs).replace(opening, f"{options}{opening}, options")
    return program.replace("onnxruntime\n", "onnxruntime\nimport onnxruntime_extensions\n", 1)


CLIENTS: dict[str, Callable[[str, Sequence[Tensor], Sequence[str]], str]] = {
    "python": python,
    "js": javascript,
    "cpp": cpp,
    "csharp": csharp,
    "java": java,
}

EXTENDED = {"python": extended_python}
"""Those for files that need onnxruntime-extensions."""


def client(language: str, file: str, contract: Contract) -> str:
    """A complete program that decodes one row with the file, in one of CLIENTS or EXTENDED."""
    write = EXTENDED[language] if contract.extended else CLIENTS[language]
    return write(file, example(contract), _outputs(contract))
