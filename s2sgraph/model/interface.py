"""What a graph says of its inputs and outputs, for the metadata of a file."""

from __future__ import annotations

from typing import Any

from s2sgraph.graph.given import Given
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph

DTYPES = {"float": "float32", "int": "int64", "bool": "bool"}
MEANINGS = {
    "tokens": "ids of the result, the end symbol included, padding after it",
    "lengths": "places of each result, the end symbol counted",
    "scores": "sum of the log-probabilities",
    "token_scores": "log-probability of each target symbol, zero for padding",
    "ranking": "what the hypotheses are ordered by",
    "attention": "how much each symbol attends to each place of the source",
    "logits": "scores of every symbol",
    "frames": "features of each place of the result",
    "deviations": "standard deviation of each feature",
}


def interface(graph: Graph, inputs: list[Given], symbols: dict[str, int]) -> dict[str, Any]:
    """Inputs with types, defaults and meanings, and outputs: plain lists and mappings."""
    return {
        "inputs": [_input(given, symbols) for given in inputs],
        "outputs": [
            {**_typed(name, value.type), "meaning": MEANINGS.get(name, "a value of the model")}
            for name, value in zip(graph.output_names, graph.outputs, strict=True)
        ],
    }


def _typed(name: str, type: Type) -> dict[str, Any]:
    axes = [_axis(axis) if size is None else size for axis, size in type.dims]
    return {"name": name, "dtype": DTYPES[type.dtype], "axes": axes}


def _axis(axis: str) -> str:
    name = axis.removeprefix("given ")
    return "batch" if name.endswith("_lengths") else name


def _input(given: Given, symbols: dict[str, int]) -> dict[str, Any]:
    form = {**_typed(given.name, given.type), "meaning": given.meaning}
    if given.default is not None:
        form["default"] = given.default
    if given.own:
        form["own"] = True
        form["meaning"] += "; ids beyond the vocabulary are words of the row's own"
    elif given.type.dtype == "int" and given.name in symbols:
        form["below"] = symbols[given.name]
    return form
