"""What is recorded belongs to the layer that is being traced, and so do its errors."""

from __future__ import annotations

import pytest

from s2sgraph.graph import trace
from s2sgraph.graph.composite import composite
from s2sgraph.graph.loops import carry, loop, renew
from s2sgraph.graph.ops import add, dropout, every, less
from s2sgraph.graph.trace import at, scope, weight
from s2sgraph.graph.types import ShapeError, Type, parse
from s2sgraph.graph.values import Graph, Value

ROWS = parse("float[batch, feature=3]")
NUMBER = Type("int")


def traced(function, **inputs: Type) -> Graph:
    return trace.trace(lambda **values: {"y": function(**values)}, inputs)


def test_an_error_says_which_layer_was_traced_the_innermost() -> None:
    def wrong(x: Value, y: Value) -> Value:
        with at("decoder.state"), scope("0"):
            return x + y

    with pytest.raises(ShapeError, match=r"^decoder\.state\.0: add: x has feature=3, y has"):
        traced(wrong, x=ROWS, y=parse("float[batch, feature=4]"))


def test_one_weight_has_one_type() -> None:
    def twice(x: Value) -> Value:
        with at("decoder.e"):
            return x + weight("w", ROWS.only("feature")) + weight("w", parse("float[feature=4]"))

    with pytest.raises(ShapeError, match=r"^decoder\.e: one weight 'w', two types"):
        traced(twice, x=ROWS)


def test_operations_need_a_trace() -> None:
    with pytest.raises(RuntimeError, match="outside trace"):
        add(Value(ROWS), Value(ROWS))


def test_nodes_and_weights_are_named_after_the_layer() -> None:
    def layer(x: Value) -> Value:
        with at("encoder"), scope("lstm"):
            return x + weight("w", ROWS)

    graph = traced(layer, x=ROWS)
    assert [node.where for node in graph.nodes] == ["encoder.lstm"]
    assert [*graph.weights] == ["encoder.lstm.w"]


def test_what_draws_stays_in_its_loop_inside_a_composite_too() -> None:
    def whole(x: Value, steps: Value) -> Value:
        def step() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            state = carry(x)
            still = add(x, x)
            (drawn,) = composite("part", lambda value: (dropout(value, rate=0.5),), (still,))
            renew(state, state + drawn)
            return every(less(state, 0.0)), (state,), ()

        return loop(step, steps, into="length")[0][0]

    graph = traced(whole, x=ROWS, steps=NUMBER)
    outside = [node.op for node in graph.nodes]
    inside = [node.op for node in graph.nodes[outside.index("loop")].body.nodes]
    assert "add" in outside
    assert "part" in inside
    assert "part" not in outside
