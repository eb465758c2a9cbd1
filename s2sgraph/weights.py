"""Weights: how they start, where they are kept, and whether they fit a model."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from s2sgraph.graph.values import Graph, Initial

Array = npt.NDArray[Any]
Weights = dict[str, Array]


_CONSTANT = re.compile(r"(?:^|\.)constant_\d+$")
"""Buffers of generated modules, which are no weights."""


class WeightError(Exception):
    """Weights do not fit a model; the text names every one that does not."""


def shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights of a graph, by path."""
    return {path: weight.shape for path, weight in graph.weights.items()}


def initial(graph: Graph, seed: int = 0) -> Weights:
    """First weights, float32; each depends on the seed and its own path only."""
    return {
        path: _drawn(
            weight.initial,
            weight.shape,
            np.random.default_rng([seed, zlib.crc32(path.encode())]),
        )
        for path, weight in graph.weights.items()
    }


def _drawn(start: Initial, dims: tuple[int, ...], random: np.random.Generator) -> Array:
    if start.kind == "constant":
        return np.full(dims, start.scale, np.float32)
    if start.kind == "normal":
        return (random.standard_normal(dims) * start.scale).astype(np.float32)
    return random.uniform(-start.scale, start.scale, dims).astype(np.float32)


def read(source: str | PathLike[str] | Mapping[str, Any] | Any) -> Weights:
    """Weights from a safetensors file, a run folder, a mapping, or a torch module."""
    if isinstance(source, str | PathLike):
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = Path(source)
        try:
            return dict(load_file(path))
        except (OSError, SafetensorError) as error:
            raise WeightError(f"{path} cannot be read as safetensors: {error}") from None
    tensors = source if isinstance(source, Mapping) else source.state_dict()
    return {path: _array(tensor) for path, tensor in tensors.items() if not _CONSTANT.search(path)}


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor)


def fitted(weights: Weights, wanted: Mapping[str, tuple[int, ...]]) -> Weights:
    """The weights in the order of the model; WeightError with everything that does not fit."""
    problems = [
        f"missing: {path} {list(dims)}" for path, dims in wanted.items() if path not in weights
    ]
    problems += [
        f"not in the model: {path} {list(a.shape)}"
        for path, a in weights.items()
        if path not in wanted
    ]
    problems += [
        f"{path} is {list(weights[path].shape)}, the model has {list(dims)}"
        for path, dims in wanted.items()
        if path in weights and weights[path].shape != dims
    ]
    problems += [
        f"{p} has values that are not finite"
        for p, a in weights.items()
        if not np.isfinite(a).all()
    ]
    if problems:
        raise WeightError("the weights do not fit the model:\n  " + "\n  ".join(problems))
    return {path: weights[path] for path in wanted}


def digest(weights: Weights) -> str:
    """A hash of all weights, by path and content."""
    found = hashlib.sha256()
    for path in sorted(weights):
        found.update(path.encode())
        found.update(np.ascontiguousarray(weights[path], np.float32).tobytes())
    return found.hexdigest()
