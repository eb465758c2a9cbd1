"""The ONNX exporter: one file of standard operators, opset 20."""

from .build import build
from .file import write

__all__ = ["build", "write"]
