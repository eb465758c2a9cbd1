"""Writing: one checked file, the same bytes for the same model and weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import onnx_ir as ir

from s2sgraph.graph.values import Graph
from s2sgraph.text import Spelling

from .build import build
from .emitter import Array


def write(
    graph: Graph,
    weights: Mapping[str, Array],
    path: Path,
    metadata: dict[str, str],
    spelling: Spelling | None = None,
) -> None:
    """Write the model of a graph to a file, checked by onnx; with `spelling`, text in and out.

    The graph is changed: trace a fresh one.
    """
    model = build(graph, dict(weights), metadata=metadata, producer="s2sgraph", spelling=spelling)
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))
