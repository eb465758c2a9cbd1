"""The engines that a graph must mean the same in: functions (graph, weights, inputs) -> outputs by name."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import torch
from s2sgraph_exporters.onnx.build import KERNELS as ONNX_KERNELS
from s2sgraph_exporters.onnx.build import build as build_onnx
from s2sgraph_exporters.torch.build import build as build_torch
from s2sgraph_exporters.torch.recurrence import KERNELS as TORCH_KERNELS


def session(model: ir.Model, *, optimised: bool = True) -> onnxruntime.InferenceSession:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run_session(found: onnxruntime.InferenceSession, inputs: dict) -> dict:
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
    feed = {i.name: np.asarray(inputs[i.name], kinds[i.type]) for i in found.get_inputs()}
    outputs = found.run(None, feed)
    return {o.name: array for o, array in zip(found.get_outputs(), outputs, strict=True)}


def run_onnx(graph, weights, inputs, *, kernels=ONNX_KERNELS, optimised=True):
    return run_session(session(build_onnx(graph, weights, kernels=kernels), optimised=optimised), inputs)


def run_torch(graph, weights, inputs, *, kernels=TORCH_KERNELS):
    names = [value.name for value in graph.inputs]
    kinds = {value.name: {"float": np.float32, "int": np.int64, "bool": np.bool_}[value.type.dtype] for value in graph.inputs}
    outputs = graph.output_names
    module = build_torch(graph, weights, kernels=kernels).eval()
    with torch.no_grad():
        found = module(*(torch.from_numpy(np.array(inputs[name], kinds[name])) for name in names))
    found = found if isinstance(found, dict) else {outputs[0]: found}
    return {name: tensor.numpy() for name, tensor in found.items()}


ENGINES = {
    "torch": run_torch,
    "torch, bodies": lambda *args: run_torch(*args, kernels={}),
    "onnx": run_onnx,
    "onnx, bodies": lambda *args: run_onnx(*args, kernels={}),
    "onnx, not optimised": lambda *args: run_onnx(*args, optimised=False),
}
