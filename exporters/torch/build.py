"""From a graph to a trainable module, whose parameters are named by their paths in the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import fx, nn

from s2sgraph.graph.values import Graph
from s2sgraph.passes.pipeline import lower
from s2sgraph.passes.placing import Kernel

from . import recurrence, table
from .emitter import DTYPES, Emitter, translate
from .module import Module

RULES = (table, recurrence)
"""The modules whose rules are declared by importing them."""
Arrays = Mapping[str, npt.NDArray[Any]]


def build(
    graph: Graph, weights: Arrays, *, kernels: dict[str, Kernel] | None = None
) -> fx.GraphModule:
    """The module of a graph, with these weights by path, stored as in torch.

    Its forward takes the graph's inputs by name and returns its output, or a dict of outputs where
    there are several. `kernels` are the composites to compute by one function, by default all that
    torch has. The graph is changed: trace a fresh one.
    """
    placed = lower(graph, recurrence.KERNELS if kernels is None else kernels)
    root = nn.Module()
    for path, weight in placed.weights.items():
        array = np.asarray(weights[path], np.float32).reshape(weight.shape)
        register(root, path, nn.Parameter(torch.from_numpy(array.copy())))
    emitter = Emitter(root, {weight.value: path for path, weight in placed.weights.items()})
    for value in placed.inputs:
        emitter.env[value] = emitter.graph.placeholder(value.name)
    outputs = dict(zip(placed.output_names, translate(emitter, placed), strict=True))
    emitter.graph.output(next(iter(outputs.values())) if len(outputs) == 1 else outputs)
    emitter.graph.lint()
    module = Module(root, emitter.graph)
    for part in module.modules():  # torch.fx forgets that the constants are not to be saved
        part._non_persistent_buffers_set.update(part._buffers)
    module.train()
    return module


def register(root: nn.Module, path: str, parameter: nn.Parameter) -> None:
    """Add a parameter under a dotted path, with plain modules on the way."""
    *parents, name = path.split(".")
    module = root
    for parent in parents:
        if not hasattr(module, parent):
            module.add_module(parent, nn.Module())
        module = getattr(module, parent)
    module.register_parameter(name, parameter)


def run(graph: Graph, weights: Arrays, inputs: Arrays) -> dict[str, npt.NDArray[Any]]:
    """The outputs of a graph by name, computed by torch; KeyError for an input that is missing.

    The graph is changed: trace a fresh one.
    """
    dtypes = {value.name: DTYPES[value.type.dtype] for value in graph.inputs}
    names = graph.output_names
    module = build(graph, weights).eval()
    tensors = [torch.as_tensor(inputs[name], dtype=dtype) for name, dtype in dtypes.items()]
    with torch.no_grad():
        found = module(*tensors)
    found = found if isinstance(found, dict) else dict(zip(names, [found], strict=True))
    return {name: tensor.numpy() for name, tensor in found.items()}
