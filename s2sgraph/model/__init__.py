"""The model: a spec compiled to a graph of layers, and traced to graphs of operations."""

from s2sgraph.model.lexicon import Lexicon
from s2sgraph.model.model import Model, compile, sketch

__all__ = ["Lexicon", "Model", "compile", "sketch"]
