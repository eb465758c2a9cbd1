"""Writing: checked files, the same bytes for the same model and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx_ir as ir

from s2sgraph.graph.values import Graph
from s2sgraph.text import Spelling

from .build import build
from .emitter import Array
from .external import set_apart


@dataclass(frozen=True)
class File:
    """One file to be written.

    Attributes:
        path: where.
        graph: what it computes; it is changed by being written.
        metadata: what it says of itself.
        spelling: what it reads and writes as text.
    """

    path: Path
    graph: Graph
    metadata: dict[str, str]
    spelling: Spelling | None = None

    def model(self, weights: Mapping[str, Array]) -> ir.Model:
        """The model of the graph with these weights."""
        return build(
            self.graph,
            dict(weights),
            metadata=self.metadata,
            producer="s2sgraph",
            spelling=self.spelling,
        )


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
    proto = ir.to_proto(File(path, graph, metadata, spelling).model(weights))
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def write_together(files: Iterable[File], weights: Mapping[str, Array], beside: Path) -> None:
    """Write files that share the file of weights `beside` them, checked by onnx.

    Each says in its metadata under `s2sgraph.external` which file of weights it needs.
    """
    models = {file.path: file.model(weights) for file in files}
    apart = set_apart(models.values(), beside)
    for path, model in models.items():
        model.metadata_props["s2sgraph.external"] = apart.to_json()
        path.write_bytes(ir.to_proto(model).SerializeToString(deterministic=True))
        # By its path, since the checker looks for the weights beside the file.
        onnx.checker.check_model(str(path), full_check=True)
