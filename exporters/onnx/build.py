"""From a graph and its weights to an ONNX model: lowered, joined, written, named."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.graph.values import Graph
from s2sgraph.passes.pipeline import lower
from s2sgraph.passes.placing import Kernel, recurrent
from s2sgraph.passes.prune import prune
from s2sgraph.text import Spelling, Vocabulary

from . import recurrence, repetition, table
from .emitter import DTYPES, Array, Emitter, dims, translate
from .joins import join
from .text import entered, opsets, spoken

OPSET, IR_VERSION = 20, 9
KERNELS: dict[str, Kernel] = {"rnn": recurrent, "lstm": recurrent, "gru": recurrent}
RULES = (table, recurrence, repetition)
"""The modules whose rules are declared by importing them."""


def build(
    graph: Graph,
    weights: dict[str, Array],
    *,
    kernels: dict[str, Kernel] | None = None,
    metadata: dict[str, str] | None = None,
    producer: str = "",
    spelling: Spelling | None = None,
) -> ir.Model:
    """The ONNX model of a graph, with these weights by path, stored as in torch.

    `kernels` are the composites to write as one operator, by default all that ONNX has. With
    `spelling`, lines go in and come out besides ids. The graph is changed: trace a fresh one.
    """
    placed = lower(graph, KERNELS if kernels is None else kernels)
    arrays = {
        weight.value: np.asarray(weights[path], np.float32).reshape(weight.shape)
        for path, weight in placed.weights.items()
    }
    join(placed, arrays)
    prune(placed)
    emitter = Emitter(arrays, placed.uses())
    inputs = _inputs(emitter, placed, spelling)
    outputs = _outputs(emitter, placed, translate(emitter, placed))
    if spelling is not None:
        outputs.append(_lines(emitter, outputs, spelling.target))
    main = ir.Graph(
        inputs,
        outputs,
        nodes=emitter.nodes,
        initializers=[*emitter.constants.values()],
        opset_imports={"": OPSET, **(opsets(spelling) if spelling else {})},
        name="s2sgraph",
    )
    return ir.Model(
        main, ir_version=IR_VERSION, producer_name=producer, metadata_props=metadata or {}
    )


def _inputs(emitter: Emitter, graph: Graph, spelling: Spelling | None) -> list[ir.Value]:
    """The inputs under their names; ids and lengths of a source as text are made from its lines."""
    named = {value.name: value for value in graph.inputs}
    found: list[ir.Value] = []
    if spelling is not None:
        for source in spelling.sources:
            emitter.where = f"text.{source}"
            lines, ids, lengths = entered(emitter, source, spelling)
            emitter.env[named.pop(source)] = ids
            emitter.env[named.pop(f"{source}_length")] = lengths
            found.append(lines)
    for value in named.values():
        shape = ir.Shape(dims(value.type, value.layout or ()))
        kind = ir.TensorType(DTYPES[value.type.dtype])
        emitter.env[value] = ir.Value(name=value.name, shape=shape, type=kind)
        found.append(emitter.env[value])
    return found


def _lines(emitter: Emitter, outputs: list[ir.Value], target: Vocabulary) -> ir.Value:
    """The lines that the tokens spell, as one more output: `string[batch, n_best]`."""
    named = {value.name: value for value in outputs}
    emitter.where = "text.target"
    lines = spoken(emitter, named["tokens"], named["lengths"], target)
    lines.name, lines.type = "text", ir.TensorType(ir.DataType.STRING)
    lines.shape = ir.Shape(named["lengths"].shape or ())
    return lines


def _outputs(emitter: Emitter, graph: Graph, values: list[ir.Value]) -> list[ir.Value]:
    """The outputs under their names: an input, a constant or another output is copied first."""
    made = {output for node in emitter.nodes for output in node.outputs}
    emitter.where = ""
    results: list[ir.Value] = []
    for name, found, declared in zip(graph.output_names, values, graph.outputs, strict=True):
        own = found if found in made and found not in results else emitter.op("Identity", found)
        own.name, own.type = name, ir.TensorType(DTYPES[declared.type.dtype])
        own.shape = ir.Shape(dims(declared.type, declared.layout or ()))
        results.append(own)
    return results
