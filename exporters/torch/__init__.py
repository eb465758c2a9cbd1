"""The torch exporter: a trainable torch.fx.GraphModule."""

from .build import build, run
from .source import source

__all__ = ["build", "run", "source"]
