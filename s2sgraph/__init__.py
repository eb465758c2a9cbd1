"""Sequence-to-sequence models from one YAML spec to one ONNX file.

The public names load on first use, so that `import s2sgraph` costs nothing: neither torch, nor
onnxruntime, nor pydantic is imported by it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s2sgraph.data import DataError
    from s2sgraph.exporting import ExportError
    from s2sgraph.graph.types import ShapeError
    from s2sgraph.model import compile
    from s2sgraph.runtime import ModelError, Session
    from s2sgraph.spec import SpecError, load

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "ExportError",
    "ModelError",
    "Session",
    "ShapeError",
    "SpecError",
    "__version__",
    "compile",
    "load",
]

_HOMES = {
    "DataError": "s2sgraph.data",
    "ExportError": "s2sgraph.exporting",
    "ModelError": "s2sgraph.runtime",
    "Session": "s2sgraph.runtime",
    "ShapeError": "s2sgraph.graph.types",
    "SpecError": "s2sgraph.spec",
    "compile": "s2sgraph.model",
    "load": "s2sgraph.spec",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 's2sgraph' has no attribute {name!r}") from None
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
