"""Example specs as small compiled models, with weights and inputs to run them on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from s2sgraph.graph import reference
from s2sgraph.graph.given import UNSET
from s2sgraph.model import Model
from s2sgraph.model import compile as compile_model
from s2sgraph.spec import load, loads
from s2sgraph.spec.dumping import plain

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(
    [*(ROOT / "specs").glob("*.yaml"), *(ROOT / "tests/spec/published").glob("*.yaml")]
)
NAMES = [f"{path.parent.name}/{path.stem}" for path in EXAMPLES]
SYMBOLS = [f"s{i}" for i in range(9)]
"""Symbols of every vocabulary that a spec leaves open; with the special ones there are 13."""
SIZED = frozenset(
    {"size", "embedding", "lstm", "gru", "rnn", "ssru", "feed_forward", "dense", "features"}
)
Arrays = dict[str, Any]


def smaller(data: Any) -> Any:
    """Plain values of a spec, sizes from 64 on divided by eight, and no block more than twice."""
    if isinstance(data, list):
        return [smaller(item) for item in data]
    if not isinstance(data, dict):
        return data
    found = {}
    for key, value in data.items():
        if key in SIZED and isinstance(value, int) and value >= 64:
            found[key] = value // 8
        elif key == "repeat":
            found[key] = min(value, 2)
        else:
            found[key] = smaller(value)
    return found


def closed(data: dict[str, Any]) -> dict[str, Any]:
    """Plain values of a spec, its open vocabularies with a few symbols."""
    found = dict(data)
    for name in ("source", "target"):
        side = found[name]
        if "tokens" in side:
            found[name] = _closed(side)
        elif "features" not in side:
            found[name] = {
                key: _closed(one) if "tokens" in one else one for key, one in side.items()
            }
    return found


def _closed(side: dict[str, Any]) -> dict[str, Any]:
    if "symbols" in side or side["tokens"] == "ids":
        return side
    kept = {key: value for key, value in side.items() if key not in ("size", "least")}
    own = {} if kept.get("vocabulary") == "shared" else {"symbols": SYMBOLS}
    return {**kept, "tokens": "words", **own}


def model_of(data: dict[str, Any]) -> Model:
    """A model from plain values."""
    return compile_model(loads(json.dumps(data)))


@cache
def example(name: str, *, small: bool = True) -> Model:
    """An example spec, compiled, `specs/dates`."""
    data = closed(plain(load(EXAMPLES[NAMES.index(name)])))
    if small:
        data = {**data, **{key: smaller(data[key]) for key in data if "coder" in key}}
    return model_of(data)


@cache
def speaking() -> list[str]:
    """The examples whose target is of symbols."""
    return [name for name in NAMES if "target" in example(name).symbols]


def searching(name: str, *, blocks: int | None = None, **search: Any) -> Model:
    """An example spec with a search, by default of beams, and perhaps another number of blocks."""
    data = plain(example(name).spec)
    for item in (*data["encoder"], *data["decoder"]):
        if blocks and "repeat" in item:
            item["repeat"] = blocks
    return model_of({**data, "search": {"kind": "beam", **search}})


def trained(model: Model, seed: int = 0) -> Arrays:
    """Weights as if after some training: none is zero or alike, and no layer is saturated."""
    random = np.random.default_rng(seed)
    return {
        path: (
            array * 1.5
            if array.ndim > 1 and array.any()
            else array + 0.2 * random.standard_normal(array.shape)
        ).astype(np.float32)
        for path, array in model.initial(seed).items()
    }


def drawn(
    model: Model,
    graph: str,
    *,
    rows: int = 4,
    width: int = 7,
    lengths: Sequence[int] | None = None,
    max_length: int = 9,
    time: int = 6,
    seed: int = 0,
) -> Arrays:
    """Inputs of a graph, drawn from a seed: rows of different lengths, the first the longest."""
    random = np.random.default_rng(seed)
    own = np.array(
        [width, *random.integers(1, width + 1, rows)][:rows] if lengths is None else lengths, int
    )
    follows = model.spec.target.length == "source"
    arrays: Arrays = {}
    for given in model.inputs(graph):
        name = given.name
        if name == "max_length":
            arrays[name] = np.array(max_length)
        elif name in ("allowed", "banned", "prefix"):
            arrays[name] = np.zeros((*((rows,) if name == "prefix" else ()), 0), int)
        elif given.default == UNSET:
            arrays[name] = np.array(UNSET)
        elif name == "steps":
            arrays[name] = np.array([time, *random.integers(1, time + 1, rows)])[:rows]
        elif name.endswith("_length"):
            arrays[name] = own
        else:
            along = time if given.type.axes[1:2] in (("given time",), ("given ahead",)) else width
            along = width if follows and name == "target" else along
            shape = [
                {0: rows, 1: along}.get(i, n) if n is None else n
                for i, (_, n) in enumerate(given.type.dims)
            ]
            if given.type.dtype == "int":
                # of a source that is copied from, some words are in no vocabulary
                most = model.symbols[name] + 3 * (name == model.layers.copied)
                arrays[name] = random.integers(4, most, shape)
            else:
                arrays[name] = random.standard_normal(shape).astype(np.float32)
    return arrays


def expected(
    model: Model, graph: str, weights: Arrays, inputs: Arrays, *, hard: bool = False
) -> Arrays:
    """The outputs of the reference, in double precision; `hard`: as decoding chooses."""
    return reference.run(model.trace(graph, hard=hard), weights, inputs)


def assert_agree(found: Arrays, wanted: Arrays) -> None:
    """Floats within 1e-4 + 1e-4|reference|, all else equal; shapes and dtypes too."""
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        array = np.asarray(array)
        assert found[name].shape == array.shape, name
        if array.dtype.kind == "f":
            assert found[name].dtype == np.float32, name
            np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-4, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], array, err_msg=name)


def assert_scored(model: Model, weights: Arrays, inputs: Arrays, found: Arrays) -> None:
    """The reference's hypotheses have the scores that the score graph gives for their symbols."""
    rows, count, width = found["tokens"].shape
    again = np.repeat(np.arange(rows), count)
    asked = {value.name for value in model.trace("score").inputs}
    given = {name: array[again] for name, array in inputs.items() if name in asked}
    target = found["tokens"].reshape(rows * count, width)
    scored = expected(model, "score", weights, {**given, "target": target}, hard=True)
    np.testing.assert_allclose(scored["scores"], found["scores"].ravel(), atol=1e-9)
