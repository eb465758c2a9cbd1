"""A loop that rows leave, against one that they stay in."""

from __future__ import annotations

import numpy as np
import pytest
from engines import PREPARED

from s2sgraph.graph import reference
from s2sgraph.graph.compaction import compacting
from s2sgraph.graph.loops import carry, filled, loop, remember, renew, step_number
from s2sgraph.graph.ops import add, at_most, expand, extent, mul, total
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import parse

INPUTS = {
    "lives": parse("int[batch]"),
    "gain": parse("float[batch, unit=3]"),
    "trips": parse("int"),
}


def looping(repeat):
    """Rows that live for so many steps; a step sees all steps of its row before it."""

    def function(lives, gain, trips):
        def step():
            value = carry(filled((("batch", None), ("unit", 3)), value=1.0))
            past = remember(value)
            after = mul(value, 0.5) + mul(gain, total(past, over="past"))
            over = at_most(lives - 1, step_number())
            renew(value, after)
            rows = expand(extent(value, over="batch"), value, axes=("batch",))
            return over, (after, over, add(mul(lives, 10), step_number()), rows), (value,)

        (values, ends, numbers, rows), (last,) = repeat(step, trips, into="length")
        return {"values": values, "ends": ends, "numbers": numbers, "rows": rows, "last": last}

    return trace(function, INPUTS)


def leaving(step, trips, *, into):
    return compacting(step, trips, into=into, blanks=(0.0, True, -1))


def inputs(lives, trips, seed=0):
    gain = np.random.default_rng(seed).standard_normal((len(lives), 3))
    return {"lives": np.array(lives), "gain": gain.astype(np.float32), "trips": np.array(trips)}


def rows_by_hand(lives, trips):
    """How many rows each step has."""
    counts, here = [], [*lives]
    while len(counts) < max(trips, 1) and here:
        while True:
            counts.append(len(here))
            done = sum(life <= len(counts) for life in here)
            if 4 * done >= len(here) or len(counts) >= trips:
                break
        here = [life for life in here if life > len(counts)]
    return counts


LIVES = {
    "one row": [4],
    "all at once": [3, 3, 3],
    "one by one": [1, 2, 3, 4, 5, 6, 7, 8],
    "in no order": [7, 1, 9, 2, 2, 8, 5, 3, 1, 9, 4],
    "most at first": [1] * 9 + [6],
    "few at first": [2] + [9] * 9,
    "longer than there are trips": [3, 40, 50],
}


@pytest.mark.parametrize("trips", [0, 1, 5, 12])
@pytest.mark.parametrize("lives", LIVES.values(), ids=LIVES)
def test_rows_give_what_they_give_without(lives, trips):
    given = inputs(lives, trips)
    wanted, found = (reference.run(graph, {}, given) for graph in map(looping, (loop, leaving)))
    steps = len(wanted["rows"])
    assert found["rows"].max(axis=1).tolist() == rows_by_hand(lives, trips)
    for row, life in enumerate(lives):
        # A row stays for some steps when it is over, until others are; then it gives blanks.
        left = next((t for t in range(steps) if not found["rows"][t, row]), steps)
        assert min(life, steps) <= left
        for name in ("values", "ends", "numbers"):
            np.testing.assert_array_equal(found[name][:left, row], wanted[name][:left, row])
        assert not found["values"][left:, row].any()
        assert found["ends"][left:, row].all()
        assert (found["numbers"][left:, row] == -1).all()
        np.testing.assert_array_equal(
            found["last"][row], wanted["values"][left - 1, row], err_msg=f"row {row}"
        )


@pytest.mark.parametrize("engine", PREPARED)
def test_engines_agree(engine):
    run = PREPARED[engine](looping(leaving), {})
    for lives in LIVES.values():
        for trips in (0, 5, 12):
            given = inputs(lives, trips)
            wanted = reference.run(looping(leaving), {}, given)
            for name, array in run(given).items():
                np.testing.assert_allclose(array, wanted[name], rtol=1e-5, atol=1e-5, err_msg=name)
