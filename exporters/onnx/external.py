"""Weights in one file beside the graphs that share them, as ONNX's external data.

For large models: the runtime maps such a file into memory instead of reading it through the graph.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path

import numpy as np
import onnx_ir as ir

from .emitter import Array

ALIGNMENT = 4096
"""Of a page of memory, at which files are mapped."""
LEAST = 1024
"""Bytes of a weight that is worth its place in another file; smaller ones stay in the graph."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights as the graphs that use it know it.

    Attributes:
        name: its name in the folder of the graphs.
        size: its bytes.
        sha256: their hash.
    """

    name: str
    size: int
    sha256: str

    def to_json(self) -> str:
        """For the metadata of a graph."""
        return json.dumps(vars(self), separators=(",", ":"))


def set_apart(models: Iterable[ir.Model], path: Path) -> WeightsFile:
    """Move the weights of models to a file in their folder, where each stands once.

    The models are changed: they name the file, and the places in it. A weight that another model
    has the other way round is turned when the file is loaded.
    """
    with path.open("wb") as file:
        written = _Written(path, file)
        for graph in (graph for model in models for graph in model.graphs()):
            for value in [*graph.initializers.values()]:
                tensor = value.const_value
                if tensor is None or tensor.dtype == ir.DataType.STRING or tensor.nbytes < LEAST:
                    continue
                array = tensor.numpy()
                if array.ndim == 2 and not written.has(array) and written.has(array.T):
                    _turn(graph, value, written)
                else:
                    value.const_value = written.tensor(array, value.name or "")
    return WeightsFile(path.name, written.size, written.hashed.hexdigest())


@dataclass
class _Written:
    """What is in the file so far: the place of each content."""

    path: Path
    file: BufferedWriter
    size: int = 0
    places: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashed = sha256()

    def has(self, array: Array) -> bool:
        return _content(array) in self.places

    def tensor(self, array: Array, name: str) -> ir.ExternalTensor:
        """The array as a part of the file, where it is put if it is not there yet."""
        content = _content(array)
        if content not in self.places:
            self._append(bytes(-self.size % ALIGNMENT))
            self.places[content] = self.size
            self._append(array.tobytes())
        return ir.ExternalTensor(
            self.path.name,
            self.places[content],
            array.nbytes,
            ir.DataType.from_numpy(array.dtype),
            shape=ir.Shape(array.shape),
            name=name,
            base_dir=self.path.parent,
        )

    def _append(self, data: bytes) -> None:
        self.file.write(data)
        self.hashed.update(data)
        self.size += len(data)


def _content(array: Array) -> bytes:
    return sha256(array.tobytes()).digest()


def _turn(graph: ir.Graph, value: ir.Value, written: _Written) -> None:
    """Make a weight from the one that is written, which is the same the other way round."""
    assert value.const_value is not None
    array = np.ascontiguousarray(value.const_value.numpy().T)
    name = f"{value.name}:as stored"
    stored = ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=value.type,
        const_value=written.tensor(array, name),
    )
    del graph.initializers[value.name or ""]
    turned = ir.Value(name=value.name, shape=value.shape, type=value.type)
    value.replace_all_uses_with(turned)
    graph.register_initializer(stored)
    node = ir.node(
        "Transpose", [stored], {"perm": [1, 0]}, outputs=[turned], name=f"{name}/Transpose"
    )
    graph.insert_before(graph[0], node)
