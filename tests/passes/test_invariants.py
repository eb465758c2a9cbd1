"""What each pass promises, on small graphs by hand, sound and of one meaning after each."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import model_of
from engines import ENGINES
from random_specs import random_spec

from s2sgraph.graph import loops, reference
from s2sgraph.graph.composed import attend, vector
from s2sgraph.graph.loops import carry, each, filled, loop, renew, step_number
from s2sgraph.graph.ops import add, dropout, mul, number, places, sigmoid, tanh
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import parse
from s2sgraph.graph.values import Initial
from s2sgraph.graph.verify import verify
from s2sgraph.passes.dedupe import dedupe
from s2sgraph.passes.hoist import hoist
from s2sgraph.passes.pipeline import lower, simplify
from s2sgraph.passes.placing import place
from s2sgraph.passes.prune import prune
from s2sgraph.passes.widen import widen

SEQUENCE = {"x": parse("float[batch, time, feature=3]"), "v": parse("float[batch, feature=3]")}
ROW = {"v": parse("float[batch, feature=3]")}


def arrays(types):
    random = np.random.default_rng(0)
    sizes = {"batch": 2, "time": 4}
    return {
        n: random.standard_normal([s or sizes[a] for a, s in t.dims]).astype(np.float32)
        for n, t in types.items()
    }


def kept(function, types, change, *, mode="score"):
    """The graph after a pass, which is sound and means what it meant."""
    inputs = arrays(types)
    before = trace(function, types, mode=mode)
    weights = {path: np.full(w.shape, 0.7, np.float32) for path, w in before.weights.items()}
    wanted = reference.run(before, weights, inputs)
    graph = trace(function, types, mode=mode)
    verify(graph)
    change(graph)
    verify(graph)
    for name, array in reference.run(graph, weights, inputs).items():
        np.testing.assert_allclose(array, wanted[name])
    if mode == "score":
        for engine in ENGINES.values():
            fresh = trace(function, types, mode=mode)
            change(fresh)
            for name, array in engine(fresh, weights, inputs).items():
                np.testing.assert_allclose(array, wanted[name], rtol=1e-5, atol=1e-6)
    return graph


def ops(graph):
    return [node.op for node in graph.nodes]


def the(graph, op):
    (found,) = [node for node in graph.nodes if node.op == op]
    return found


# -- hoist --------------------------------------------------------------------------------


def test_hoist_moves_what_stays_the_same():
    def function(x, v):
        def step(x):
            state = carry(filled(v.type.dims))
            renew(state, tanh(add(state, mul(sigmoid(v), x))))
            return add(state, sigmoid(v))

        return {"y": each(step, (x,), over="time")}

    graph = kept(function, SEQUENCE, hoist)
    assert "sigmoid" not in ops(the(graph, "scan").body)
    assert ops(graph).index("sigmoid") < ops(graph).index("scan")


def test_hoist_leaves_what_depends_on_the_state_or_the_counter():
    def function(v):
        def step():
            state = carry(v)
            renew(state, add(state, number(step_number())))
            done = step_number()
            return loops.less(2, done), (mul(state, sigmoid(v)),), (state,)

        (column,), (last,) = loop(step, filled((), dtype="int", value=9), into="length")
        return {"y": column, "z": last}

    graph = kept(function, ROW, hoist)
    inside = ops(the(graph, "loop").body)
    assert "sigmoid" not in inside
    assert {"add", "mul", "less"} <= {*inside}


def test_hoist_goes_through_nested_bodies():
    def function(x, v):
        def outer(x):
            def inner(x2):
                return add(x2, tanh(v))

            def step(y):
                state = carry(filled(v.type.dims))
                renew(state, inner(add(state, y)))
                return state

            return each(step, (x,), over="time")

        return {"y": outer(x)}

    graph = kept(function, SEQUENCE, hoist)
    assert "tanh" not in ops(the(graph, "scan").body)


@pytest.mark.parametrize("composed", [False, True])
def test_what_is_drawn_never_leaves_its_loop(composed):
    """Dropout of a value that does not change is drawn anew at each step."""

    def function(x, v):
        def step(x):
            if composed:
                keys = filled((*v.type.dims[:1], ("place", 4), ("head", 2), ("key", 3)), value=0.5)
                query = filled((*v.type.dims[:1], ("head", 2), ("key", 3)), value=1.0)
                found, _ = attend(
                    query, keys, loops.rename(keys, key="value"), None, over="place", rate=0.5
                )
                from s2sgraph.graph.ops import total

                return add(x, total(loops.rename(found, value="feature"), over="head"))
            return add(x, dropout(v, rate=0.5))

        return {"y": each(step, (x,), over="time")}

    graph = kept(function, SEQUENCE, hoist, mode="train")
    body = the(graph, "scan").body
    assert ("attend" if composed else "dropout") in ops(body)


# -- dedupe ---------------------------------------------------------------------------------


def test_dedupe_merges_equal_nodes_also_in_bodies():
    def function(x, v):
        def step(x):
            return add(mul(tanh(x), sigmoid(v)), tanh(x))

        return {"y": each(step, (x,), over="time"), "a": tanh(v), "b": add(tanh(v), sigmoid(v))}

    graph = kept(function, SEQUENCE, dedupe)
    assert ops(graph).count("tanh") == 1
    assert ops(graph).count("sigmoid") == 1
    assert ops(the(graph, "scan").body).count("tanh") == 1


def test_dedupe_keeps_what_differs_in_a_setting():
    def function(v):
        return {"y": add(mul(v, 2.0), mul(v, 3.0)), "z": add(mul(v, 2.0), 1.0)}

    graph = kept(function, ROW, dedupe)
    assert ops(graph).count("mul") == 2


def test_dedupe_never_merges_what_is_drawn():
    def function(v):
        return {"y": add(dropout(v, rate=0.5), dropout(v, rate=0.5))}

    graph = kept(function, ROW, dedupe, mode="train")
    assert ops(graph).count("dropout") == 2


def test_what_depends_on_draws_is_not_merged_either():
    def function(v):
        return {"y": add(tanh(dropout(v, rate=0.5)), tanh(dropout(v, rate=0.5)))}

    graph = kept(function, ROW, dedupe, mode="train")
    assert ops(graph).count("tanh") == 2


def test_dedupe_merges_states_that_start_and_go_on_alike():
    def function(x, v):
        def step(x):
            first, second, third = carry(v), carry(v), carry(tanh(v))
            new = add(first, x)
            renew(first, new)
            renew(second, new)
            renew(third, new)
            return add(mul(first, second), third)

        return {"y": each(step, (x,), over="time")}

    graph = kept(function, SEQUENCE, dedupe)
    assert the(graph, "scan").attrs["states"] == 2


# -- prune -----------------------------------------------------------------------------------


def test_prune_drops_what_reaches_no_output():
    def function(v):
        tanh(v)
        vector("unused", Initial("constant", 1.0), feature=3)
        return {"y": add(v, vector("used", Initial("constant", 1.0), feature=3))}

    graph = kept(function, ROW, prune)
    assert ops(graph) == ["add"]
    assert [*graph.weights] == ["used"]


def test_prune_drops_states_that_only_feed_themselves():
    def function(x, v):
        def step(x):
            dead, live = carry(v), carry(v)
            renew(dead, add(dead, tanh(x)))
            renew(live, add(live, x))
            return live, sigmoid(dead)

        alive, _ = each(step, (x,), over="time")
        return {"y": alive}

    graph = kept(function, SEQUENCE, prune)
    scan = the(graph, "scan")
    assert scan.attrs["states"] == 1
    assert len(scan.outputs) == 2
    assert {"sigmoid", "tanh"}.isdisjoint(ops(scan.body))


def test_prune_keeps_a_state_that_another_needs():
    def function(x, v):
        def step(x):
            first, second = carry(v), carry(v)
            renew(first, add(first, x))
            renew(second, add(second, tanh(first)))
            return second

        return {"y": each(step, (x,), over="time")}

    graph = kept(function, SEQUENCE, prune)
    assert the(graph, "scan").attrs["states"] == 2


def test_prune_keeps_a_scan_running_though_no_sequence_is_read():
    def function(x, v):
        def step(x):
            state = carry(v)
            renew(state, tanh(state))
            return state

        return {"y": each(step, (x,), over="time")}

    graph = kept(function, SEQUENCE, prune)
    assert len(the(graph, "scan").body.inputs) == 2


# -- widen ------------------------------------------------------------------------------------


def running(x, draws=False):
    """A running sum of tanh(2 x), which needs the sum but not tanh from the step before."""

    def step(x):
        total = carry(filled((("batch", None), ("feature", 3))))
        y = tanh(dropout(x, rate=0.5) if draws else mul(x, 2.0))
        renew(total, total + y)
        return total + y

    return each(step, (x,), over="time")


def test_what_no_state_enters_is_computed_at_all_places_at_once():
    graph = kept(lambda x, v: {"y": running(x)}, SEQUENCE, widen)
    scan = the(graph, "scan")
    assert [op for op in ops(graph) if op in ("mul", "tanh")] == ["mul", "tanh"]
    assert ops(scan.body) == ["add", "add"]
    (moved,) = [node for node in graph.nodes if node.op == "tanh"]
    assert "time" in moved.outputs[0].axes


def test_what_is_drawn_stays_in_its_scan():
    graph = kept(lambda x, v: {"y": running(x, draws=True)}, SEQUENCE, widen, mode="train")
    assert ops(the(graph, "scan").body)[:2] == ["dropout", "tanh"]


# -- place ------------------------------------------------------------------------------------


def test_place_gives_every_value_a_layout_that_holds_its_axes_once():
    for seed in (0, 3, 7):
        model = model_of(random_spec(seed))
        for kind in ("teach", "decode"):
            graph = model.trace(kind)
            simplify(graph)
            placed = place(graph, {})
            for block in placed.blocks():
                for value in (*block.inputs, *(v for node in block.nodes for v in node.outputs)):
                    assert value.layout is not None
                    axes = [axis for group in value.layout for axis in group]
                    assert sorted(axes) == sorted(set(axes))


def test_passes_report_in_their_order():
    seen = []
    lower(trace(lambda v: {"y": tanh(v)}, ROW), {}, after=lambda name, graph: seen.append(name))
    assert seen == [
        "trace", "prune", "hoist", "widen", "dedupe",
        "place", "placed hoist", "placed dedupe", "bias_into_linear", "placed prune",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(0, 60, 6))
@pytest.mark.parametrize("kind", ["teach", "decode"])
def test_simplifying_twice_changes_nothing_more(seed, kind):
    def count(graph):
        return sum(len(block.nodes) for block in graph.blocks())

    graph = model_of(random_spec(seed)).trace(kind)
    simplify(graph)
    once = count(graph)
    simplify(graph)
    assert count(graph) == once


# -- verify -----------------------------------------------------------------------------------


def test_verify_sees_a_value_used_before_it_is_made():
    graph = trace(lambda v: {"y": tanh(sigmoid(v))}, ROW)
    graph.nodes.reverse()
    with pytest.raises(AssertionError, match="before it is made"):
        verify(graph)


def test_verify_sees_a_wrong_type():
    graph = trace(lambda v: {"y": tanh(v)}, ROW)
    graph.nodes[0].outputs[0].type = parse("float[batch]")
    with pytest.raises(AssertionError, match="the graph says"):
        verify(graph)


def test_verify_sees_an_output_that_no_node_makes():
    graph = trace(lambda v: {"y": tanh(v)}, ROW)
    graph.nodes.clear()
    with pytest.raises(AssertionError, match="no node makes"):
        verify(graph)


def test_places_of_a_scan_count_from_none():
    def function(x, v):
        def step(x, place):
            return mul(x, number(place))

        return {"y": each(step, (x, places(x, over="time")), over="time")}

    kept(function, SEQUENCE, hoist)
