"""The engines that a graph must mean the same in: (graph, weights, inputs) -> outputs by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import torch
from s2sgraph_exporters.onnx.build import KERNELS as ONNX_KERNELS
from s2sgraph_exporters.onnx.build import build as build_onnx
from s2sgraph_exporters.torch.build import build as build_torch
from s2sgraph_exporters.torch.recurrence import KERNELS as TORCH_KERNELS

torch.set_num_threads(1)
Arrays = dict[str, Any]
Run = Callable[[Arrays], Arrays]
NUMPY = {"float": np.float32, "int": np.int64, "bool": np.bool_}


def session(model: ir.Model, *, optimised: bool = True) -> onnxruntime.InferenceSession:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run_session(found: onnxruntime.InferenceSession, inputs: Arrays) -> Arrays:
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
    feed = {i.name: np.asarray(inputs[i.name], kinds[i.type]) for i in found.get_inputs()}
    outputs = found.run(None, feed)
    return {o.name: array for o, array in zip(found.get_outputs(), outputs, strict=True)}


def prepared_onnx(graph, weights, *, kernels=ONNX_KERNELS, optimised=True) -> Run:
    found = session(build_onnx(graph, weights, kernels=kernels), optimised=optimised)
    return lambda inputs: run_session(found, inputs)


def prepared_torch(graph, weights, *, kernels=TORCH_KERNELS) -> Run:
    kinds = {value.name: NUMPY[value.type.dtype] for value in graph.inputs}
    outputs = graph.output_names
    module = build_torch(graph, weights, kernels=kernels).eval()

    def run(inputs: Arrays) -> Arrays:
        tensors = (torch.from_numpy(np.array(inputs[n], kind)) for n, kind in kinds.items())
        with torch.no_grad():
            found = module(*tensors)
        found = found if isinstance(found, dict) else {outputs[0]: found}
        return {name: tensor.numpy() for name, tensor in found.items()}

    return run


PREPARED: dict[str, Callable[..., Run]] = {
    "torch": prepared_torch,
    "torch, bodies": lambda *args: prepared_torch(*args, kernels={}),
    "onnx": prepared_onnx,
    "onnx, bodies": lambda *args: prepared_onnx(*args, kernels={}),
    "onnx, not optimised": lambda *args: prepared_onnx(*args, optimised=False),
}
"""Each engine in two steps, to run one graph many times: (graph, weights) -> inputs -> outputs."""
FAST = ("torch", "onnx")
"""As they are used; the others differ from them in how they compute one graph."""

ENGINES: dict[str, Callable[..., Arrays]] = {
    name: lambda graph, weights, inputs, prepare=prepare: prepare(graph, weights)(inputs)
    for name, prepare in PREPARED.items()
}
