"""Every operation, every case, every engine; discovered, so that none can be left out."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES

from s2sgraph.graph import reference
from s2sgraph.graph.ops import OPERATIONS, Case, Operation
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import ShapeError, Type, parse

SIZES = {"batch": 3, "source": 4, "time": 5, "past": 5, "beam": 2, "rank": 2, "nothing": 0}
OURS = {"f": np.float32, "i": np.int64, "b": np.bool_}
CASES = [(op, case) for op in OPERATIONS.values() for case in op.cases]


def name(item: tuple[Operation, Case]) -> str:
    op, case = item
    return f"{op.name}({', '.join(map(str, case.operands))})"


def draw(type: Type, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    shape = [SIZES[axis] if size is None else size for axis, size in type.dims]
    if type.dtype == "bool":
        return random.random(shape) < 0.5
    if type.dtype == "int":
        least = 1 if "positive" in type.axes else 0
        return random.integers(least, least + 2, shape)
    array = random.standard_normal(shape).astype(np.float32)
    return np.abs(array) + 0.1 if "chance" in type.axes else array


def record(op: Operation, case: Case):
    types = {f"x{i}": parse(text) for i, text in enumerate(case.operands)}

    def function(**values):
        result = op.record(*values.values(), **case.attrs)
        found = result if isinstance(result, tuple) else (result,)
        return {f"y{i}": value for i, value in enumerate(found)}

    inputs = {key: draw(type, i) for i, (key, type) in enumerate(types.items())}
    return trace(function, types), inputs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("item", [item for item in CASES if not item[1].says], ids=name)
def test_engines_compute_what_numpy_says(item, engine):
    graph, inputs = record(*item)
    expected = reference.run(graph, {}, inputs)
    found = ENGINES[engine](record(*item)[0], {}, inputs)
    for key, array in expected.items():
        assert found[key].shape == np.shape(array)
        assert found[key].dtype == OURS[np.asarray(array).dtype.kind]
        np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("item", [item for item in CASES if item[1].says], ids=name)
def test_wrong_operands_are_named(item):
    op, case = item
    with pytest.raises(ShapeError, match=rf"^{op.name}: .*{case.says}"):
        record(op, case)


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=lambda op: op.name)
def test_every_operation_has_cases(op):
    assert any(not case.says for case in op.cases)
