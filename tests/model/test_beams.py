"""Decoders with several beams, of which only the run knows how many: each computes as if alone."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import NAMES, drawn, example, expected, trained
from engines import ENGINES

from s2sgraph.graph import reference
from s2sgraph.graph.loops import filled, loop, spread, step_number
from s2sgraph.graph.ops import arrange, extent, rename, take
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import Type
from s2sgraph.model.recording import Recording
from s2sgraph.passes.pipeline import simplify
from s2sgraph.spec.sides import TokenTarget

BEAMS, STEPS = 3, 6
LEAD = Type("float", (("batch", None), ("beam", None)))


def told(model):
    """The decode loop with what each beam reads given: `[batch, beam, time]`, or with features."""
    plan = model.tracing()
    types = {given.name: given.type for given in plan.encode_inputs()}
    axes = (("given batch", None), ("given beam", None), ("given time", None))
    tokens = isinstance(plan.target, TokenTarget)
    features = () if tokens else (("feature", plan.target.features),)
    types["before"] = Type("int" if tokens else "float", (*axes, *features))

    def function(**given):
        before = rename(given.pop("before"), **{"given batch": "batch", "given beam": "beam"})
        recording = Recording(plan, given)

        def step():
            now = take(before, step_number(), over="given time")
            recording.tracer.decode(now, LEAD, recording.ahead)
            first = next(iter(recording.found().values()))
            return filled((), dtype="bool", value=False), (first,), ()

        (column,), _ = loop(step, extent(before, over="given time"), into="length")
        column = spread(column, LEAD)
        rest = [axis for axis in column.axes if axis not in ("batch", "beam", "length")]
        return {"found": arrange(column, axes=("batch", "beam", "length", *rest))}

    return trace(function, types, mode="decode")


def case(model):
    """Weights, inputs, targets `[batch, beam, time]` and what is before each of their places."""
    inputs = drawn(model, "encode", rows=2, width=STEPS, time=STEPS)
    random = np.random.default_rng(0)
    shape = (2, BEAMS, STEPS)
    if "target" in model.symbols:
        target = random.integers(4, model.symbols["target"], shape)
        start = np.full((2, BEAMS, 1), model.spec.special.bos)
    else:
        target = random.standard_normal((*shape, model.spec.target.features)).astype(np.float32)
        start = np.zeros_like(target[:, :, :1])
    return trained(model), inputs, target, np.concatenate([start, target[:, :, :-1]], 2)


STARTS_ELSEWHERE = {"specs/forecaster", "published/forecaster"}
"""Their first frame is not zeros, which `case` gives."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STARTS_ELSEWHERE])
def test_each_beam_is_as_if_alone(name):
    model = example(name)
    weights, inputs, target, before = case(model)
    found = reference.run(told(model), weights, {**inputs, "before": before})["found"]
    teach = {value.name for value in model.trace("teach").inputs}
    given = {key: array for key, array in inputs.items() if key in teach}
    for beam in range(BEAMS):
        own = {**given, "target": target[:, beam]}
        alone = expected(model, "teach", weights, own, hard=True)
        np.testing.assert_allclose(found[:, beam], next(iter(alone.values())), atol=1e-9)
    for engine in ("torch", "onnx", "onnx, bodies"):
        outputs = ENGINES[engine](told(model), weights, {**inputs, "before": before})
        np.testing.assert_allclose(outputs["found"], found, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_no_memory_is_copied_for_the_beams(name):
    """Before the loop, no features of the source have the axis of beams."""
    graph = told(example(name))
    simplify(graph)
    outside = [value.type for node in graph.nodes if node.op != "loop" for value in node.outputs]
    tiled = [type for type in outside if {"beam", "source"} < set(type.axes) - {"batch"}]
    assert not [str(type) for type in tiled]
