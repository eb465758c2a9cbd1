"""The best of many symbols, by chunks: as if they were looked at one by one."""

from __future__ import annotations

import numpy as np
import pytest
from engines import PREPARED

from s2sgraph.graph import reference
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import parse
from s2sgraph.search.best import best, best_of_each

SIZES = (9, 4096, 4099, 5000, 16384, 17500)


def graph_of(symbols, lead="batch, beam"):
    def function(x, count):
        place, value = best(x)
        values, places = best_of_each(x, count)
        return {"place": place, "value": value, "values": values, "places": places}

    types = {"x": parse(f"float[{lead}, symbol={symbols}]"), "count": parse("int")}
    return trace(function, types)


def drawn(symbols, seed=0):
    """Distinct numbers, so that no order is open; the greatest of one row comes twice."""
    random = np.random.default_rng(seed)
    x = np.stack([random.permutation(symbols) for _ in range(6)]).reshape(2, 3, symbols)
    x = x.astype(np.float32) / 8
    x[0, 0, [symbols // 3, symbols - 1]] = symbols
    return x


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
@pytest.mark.parametrize("symbols", SIZES)
def test_the_best(symbols, engine):
    x = drawn(symbols)
    graph = graph_of(symbols)
    assert (len(graph.nodes) > 10) == (symbols in (5000, 4096, 16384, 17500))
    run = PREPARED[engine](graph, {}) if engine else lambda given: reference.run(graph, {}, given)
    for count in (1, 4, 9):
        found = run({"x": x, "count": np.array(count)})
        np.testing.assert_array_equal(found["place"], x.argmax(-1))
        np.testing.assert_allclose(found["value"], x.max(-1))
        order = np.argsort(-x, axis=-1, kind="stable")[..., :count]
        np.testing.assert_array_equal(found["places"], order)
        np.testing.assert_allclose(found["values"], np.take_along_axis(x, order, -1))


def test_more_than_there_are_chunks():
    symbols, count = 17500, 300
    x = drawn(symbols)
    order = np.argsort(-x, axis=-1, kind="stable")[..., :count]
    for engine in ("torch", "onnx"):
        found = PREPARED[engine](graph_of(symbols), {})({"x": x, "count": np.array(count)})
        np.testing.assert_array_equal(found["places"], order)
