"""Two results of a search that differ: whether one is wrong, or both are as good.

Engines round in their own ways. Where two continuations are nearly as good, a search may take
either, and all that follows may be another sentence. Such rows are told from errors in double
precision.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from s2sgraph.exporting import ExportError
from s2sgraph.graph import reference
from s2sgraph.graph.types import Type

if TYPE_CHECKING:
    from s2sgraph.model.traces import Tracing

Arrays = dict[str, npt.NDArray[Any]]
Rows = npt.NDArray[np.bool_]
NEAR = 1e-3
"""What scores of results that are as good may differ by: absolute, and of the score itself."""
NUDGES = (0.0, *(size for size in (1e-7, 1e-6, 1e-5) for _ in range(8)))
"""By how much of themselves weights are changed, to see whether rounding decides a row."""


def without_ties(
    tracing: Tracing, weights: Arrays, inputs: Arrays, expected: Arrays, found: Arrays
) -> tuple[Arrays, Arrays]:
    """Both results of `decode` without the rows whose tokens differ but are as right.

    A row is as right if its hypotheses rank place by place as high as they should, and score what
    they say they do; or if it is what the model itself gives, in double precision, with weights
    that are changed by less than rounding may change a sum of them.

    Raises:
        ExportError: a row differs that is not.
    """
    if expected["tokens"].shape[:2] != found["tokens"].shape[:2]:
        return expected, found
    ours, theirs = _as_wide(expected["tokens"], found["tokens"], tracing.pad)
    differ = (ours != theirs).any((1, 2)) | (expected["lengths"] != found["lengths"]).any(1)
    wrong = differ & ~_as_good(tracing, weights, inputs, expected, found)
    wrong = _unexplained(tracing, weights, inputs, theirs, wrong)
    for row in np.flatnonzero(wrong):
        best = int((ours[row] != theirs[row]).any(1).argmax())
        place = int((ours[row, best] != theirs[row, best]).argmax())
        which = f", hypothesis {best + 1}," if ours.shape[1] > 1 else ""
        raise ExportError(
            f"tokens of row {row + 1}{which} differ from place {place + 1} on: the file gives "
            f"{theirs[row, best].tolist()}, the model {ours[row, best].tolist()}"
        )
    graph = tracing.graph("decode")
    types = {name: v.type for name, v in zip(graph.output_names, graph.outputs, strict=True)}
    width = min(expected["tokens"].shape[2], found["tokens"].shape[2])

    def kept(arrays: Arrays) -> Arrays:
        return {name: _cut(arrays[name], type, ~differ, width) for name, type in types.items()}

    return kept(expected), kept(found)


def _as_wide(ours: npt.NDArray[Any], theirs: npt.NDArray[Any], pad: int) -> list[npt.NDArray[Any]]:
    """Both tokens `[batch, n_best, length]` with the greater length of the two."""
    width = max(ours.shape[2], theirs.shape[2])
    return [
        np.pad(tokens, ((0, 0), (0, 0), (0, width - tokens.shape[2])), constant_values=pad)
        for tokens in (ours, theirs)
    ]


def _as_good(
    tracing: Tracing, weights: Arrays, inputs: Arrays, expected: Arrays, found: Arrays
) -> Rows:
    """Which rows rank as high as they should, and score what they say: `[batch]`."""
    by = "ranking" if "ranking" in found else "scores"
    alike = _near(found[by], expected[by])
    score = replace(tracing, hard=True).graph("score")
    for place in range(alike.shape[1]):
        target = found["tokens"][:, place]
        given = {value.name: inputs.get(value.name, target) for value in score.inputs}
        true = reference.run(score, weights, given)["scores"]
        lost = np.isinf(found["scores"][:, place])
        alike[:, place] &= lost | _near(found["scores"][:, place], true)
    return np.asarray(alike.all(1), np.bool_)


def _near(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isclose(found, wanted, rtol=NEAR, atol=NEAR), np.bool_)


def _unexplained(
    tracing: Tracing, weights: Arrays, inputs: Arrays, tokens: npt.NDArray[Any], rows: Rows
) -> Rows:
    """Those of the rows that no slight change of the weights gives."""
    left, random = rows.copy(), np.random.default_rng(0)
    graph = tracing.graph("decode")
    for size in NUDGES:
        if not left.any():
            break
        nudged = {
            path: array * (1 + size * random.standard_normal(array.shape))
            for path, array in weights.items()
        }
        again = reference.run(graph, nudged, inputs)["tokens"]
        ours, theirs = _as_wide(again, tokens, tracing.pad)
        left &= (ours != theirs).any((1, 2))
    return left


def _cut(array: npt.NDArray[Any], type: Type, rows: Rows, width: int) -> npt.NDArray[Any]:
    """Some rows of an output, and as many places as both results have."""
    array = array[rows]
    if "length" in type.axes:
        array = array.take(range(width), type.axes.index("length"))
    return array
