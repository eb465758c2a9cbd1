"""The result of a sentence does not depend on the batch, its order or the padding."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import NAMES, drawn, example, trained
from engines import PREPARED

ROWS = 6


def rows(inputs, chosen):
    """Inputs of some rows."""
    return {name: array if array.ndim == 0 else array[chosen] for name, array in inputs.items()}


def padded(inputs, sources, more, random):
    """Sources made wider by what must not be looked at: any symbol, any number."""
    found = dict(inputs)
    for name in sources:
        array = inputs[name]
        shape = (array.shape[0], more, *array.shape[2:])
        rest = (
            random.integers(0, 4, shape) if array.dtype.kind == "i" else random.normal(9, 9, shape)
        )
        found[name] = np.concatenate([array, rest.astype(array.dtype)], 1)
    return found


def own(result, row):
    """The result of one row without what follows its end."""
    length = int(result["lengths"][row, 0]) if "lengths" in result else None
    return {
        name: array[row, 0, :length] if array.ndim > 2 and name != "logits" else array[row]
        for name, array in result.items()
    }


def assert_same(result, row, wanted, wanted_row):
    found, expected = own(result, row), own(wanted, wanted_row)
    for name, array in expected.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-4, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], array, err_msg=name)


def check(model, engine, graph, count, extra):
    random = np.random.default_rng(5)
    weights = trained(model, 4)
    inputs = drawn(model, graph, rows=count, max_length=8, seed=6)
    sources = [
        given.name.removesuffix("_length")
        for given in model.inputs(graph)
        if given.name.endswith("_length") and given.name != "max_length"
    ]
    run = PREPARED[engine](model.trace(graph), weights)
    whole = run(inputs)
    for row in range(count):
        assert_same(run(rows(inputs, [row])), 0, whole, row)
    order = random.permutation(count)
    shuffled = run(rows(inputs, order))
    for place, row in enumerate(order):
        assert_same(shuffled, place, whole, row)
    for more in extra:
        wider = run(padded(inputs, sources, more, random))
        for row in range(count):
            assert_same(wider, row, whole, row)


@pytest.mark.parametrize("engine", ["torch", "onnx"])
@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_decodes_as_if_alone(name, engine):
    check(example(name), engine, "decode", ROWS, [1, 32])


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_is_scored_as_if_alone(name):
    model = example(name)
    if model.spec.target.length == "source":
        pytest.skip("its target is as long as its source")
    check(model, "onnx", "score", ROWS, [1, 7])


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_200_sentences_decode_as_if_alone(name):
    check(example(name), "onnx", "decode", 200, range(1, 33))
