"""Does a file compute what the model means? Compared on whole sentences before it gets its name."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from s2sgraph.exporting import ExportError, exporter
from s2sgraph.graph import reference
from s2sgraph.graph.given import UNSET
from s2sgraph.graph.types import DType
from s2sgraph.runtime.errors import ModelError
from s2sgraph.runtime.extensions import opened
from s2sgraph.text import sent, settled
from s2sgraph.ties import without_ties

if TYPE_CHECKING:
    from s2sgraph.model.traces import Tracing
    from s2sgraph.text import Spelling, Vocabulary

Arrays = dict[str, npt.NDArray[Any]]
TOLERANCE = 1e-4
"""Of float outputs: absolute, and of the value itself."""


def verify_file(
    tracing: Tracing,
    path: Path,
    graph: str,
    weights: Arrays,
    spelling: Spelling | None = None,
) -> dict[str, float]:
    """Compare a written file with the model on drawn sentences.

    Returns the greatest difference of each output. Raises ExportError where one is too great.
    """
    session = _session(path)
    inputs = draw(tracing, graph)
    if spelling is None:
        found = run(session, inputs)
    else:
        inputs, lines = as_lines(inputs, spelling)
        found = run(session, lines)
        check_lines(found, spelling.target)
    expected = expectation(tracing, graph, weights, inputs)
    if "tokens" in expected and not np.array_equal(expected["tokens"], found["tokens"]):
        expected, found = without_ties(tracing, weights, inputs, expected, found)
    return compare(expected, found)


def as_lines(inputs: Arrays, spelling: Spelling) -> tuple[Arrays, Arrays]:
    """Inputs whose sources are ids of some lines, and the same with these lines instead."""
    ids, lines = dict(inputs), dict(inputs)
    for name, vocabulary in spelling.sources.items():
        lengths = inputs[f"{name}_length"]
        texts = [vocabulary.decode(r[:n]) for r, n in zip(inputs[name], lengths, strict=True)]
        if vocabulary.kind == "subwords":
            texts = [settled(text) for text in texts]
        # Encoded anew: what is drawn may have no text that stands for it.
        again = [vocabulary.encode(text) for text in texts]
        ids[f"{name}_length"] = np.array([len(row) for row in again])
        ids[name] = np.zeros((len(again), max(map(len, again))), np.int64)
        for place, row in enumerate(again):
            ids[name][place, : len(row)] = row
        del lines[name], lines[f"{name}_length"]
        apart = spelling.separator(name)
        lines[f"{name}_text"] = np.array([sent(vocabulary, text, apart) for text in texts], object)
    return ids, lines


def check_lines(found: Arrays, vocabulary: Vocabulary) -> None:
    """Take the lines out of what a file gave. Raises ExportError if its tokens mean others."""
    for place, line in np.ndenumerate(found.pop("text")):
        expected = vocabulary.decode(found["tokens"][place][: found["lengths"][place]].tolist())
        if line != expected:
            raise ExportError(f"text {[*place]} is {line!r}; its tokens spell {expected!r}")


def expectation(tracing: Tracing, graph: str, weights: Arrays, inputs: Arrays) -> Arrays:
    """What the graph gives by torch, or by the reference in numpy where torch is missing."""
    if find_spec("torch") is None:
        return reference.run(tracing.graph(graph), weights, inputs)
    found: Arrays = exporter("torch").run(tracing.graph(graph), weights, inputs)
    return found


def compare(expected: Arrays, found: Arrays) -> dict[str, float]:
    """The greatest difference of each output; ExportError if one is too great, or another shape."""
    differences = {}
    for name, array in expected.items():
        if array.shape != found[name].shape:
            raise ExportError(
                f"{name} has shape {list(found[name].shape)} instead of {list(array.shape)}"
            )
        other = found[name].astype(np.float64)
        with np.errstate(invalid="ignore"):
            difference = np.where(other == array, 0.0, np.abs(other - array))
        differences[name] = float(difference.max(initial=0.0))
        if not np.isclose(other, array, rtol=TOLERANCE, atol=TOLERANCE).all():
            raise ExportError(
                f"{name} differs by up to {differences[name]:.2g} between the file and the model"
            )
    return differences


def draw(
    tracing: Tracing,
    graph: str,
    rows: int = 3,
    width: int = 7,
    seed: int = 0,
) -> Arrays:
    """Inputs of a graph: ids and features at random, rows of different lengths."""
    random = np.random.default_rng(seed)
    symbols = dict(tracing.symbols)
    symbols["token"] = symbols.get("target", 0)
    lengths = np.array([width, max(width // 2, 1), 1, *random.integers(1, width + 1, rows)])[:rows]
    arrays: Arrays = {}
    for given in tracing.given(graph):
        if given.name == "max_length":
            arrays[given.name] = np.array(2 * width)
        elif given.name in ("allowed", "banned", "prefix"):
            first = (rows,) if given.name == "prefix" else ()
            arrays[given.name] = np.zeros((*first, 0), np.int64)
        elif given.default == UNSET:
            arrays[given.name] = np.array(UNSET, np.float32 if given.type.dtype == "float" else int)
        elif given.name.endswith("_length") or given.name == "steps":
            arrays[given.name] = lengths
        else:
            # where words are copied, some of the source are in no vocabulary
            most = symbols.get(given.name, width) + 2 * (given.name == tracing.model.copied)
            sizes = {"given batch": rows, "symbol": symbols.get("target", 0) + width}
            shape = [sizes.get(axis, width) if n is None else n for axis, n in given.type.dims]
            arrays[given.name] = _drawn(given.type.dtype, most, shape, random)
    if graph == "decode" and tracing.lexicon is not None:
        _replace_first(arrays, tracing.lexicon.sources[0])
    return arrays


def _replace_first(arrays: Arrays, source: npt.NDArray[Any]) -> None:
    """Let a source be the first row, in place of what was drawn."""
    wider = max(len(source) - arrays["source"].shape[1], 0)
    arrays["source"] = np.pad(arrays["source"], ((0, 0), (0, wider)))
    arrays["source"][0, : len(source)] = source
    arrays["source_length"][0] = len(source)


def _drawn(
    dtype: DType, symbols: int, shape: list[int], random: np.random.Generator
) -> npt.NDArray[Any]:
    if dtype == "bool":
        return np.ones(shape, np.bool_)
    if dtype == "int":
        return random.integers(min(4, symbols - 1), symbols, shape)
    return random.standard_normal(shape).astype(np.float32)


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return opened(path, options)
    except ModelError as error:
        raise ExportError(str(error)) from None
    except Exception as error:
        raise ExportError(f"onnxruntime does not load the file: {error}") from None


def run(session: Any, inputs: Arrays) -> Arrays:
    """The outputs of a file by name."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))
