"""The torch exporter: a trainable torch.fx.GraphModule."""

from .build import build, run

__all__ = ["build", "run"]
