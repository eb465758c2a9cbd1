"""The ONNX exporter: one file of standard operators, opset 20."""

from .build import build
from .file import File, write, write_together

__all__ = ["File", "build", "write", "write_together"]
