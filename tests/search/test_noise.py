"""Noise: known answers of the generator, and that it depends on what it should and no more."""

from __future__ import annotations

import numpy as np
import pytest
from engines import PREPARED
from goodness import surprise
from sampling_by_hand import noise

from s2sgraph.graph import reference
from s2sgraph.graph.ops import arrange, iota
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import parse
from s2sgraph.search.noise import threefry, uniform

ENGINES = [None, *PREPARED]
MOST = 2**32 - 1
# Key, counter and answer of threefry2x32 with 20 rounds: the vectors published with Random123.
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((MOST, MOST), (MOST, MOST), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]
SEEDS = [0, 1, -1, -2, 7, 2**32, -(2**32), 2**63 - 1, -(2**63), 1 - 2**63]


def run(engine, graph, inputs):
    if engine:
        return PREPARED[engine](graph, {})(inputs)
    return reference.run(graph, {}, inputs)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_known_answers(engine):
    def function(a, b, c, d):
        x, y = threefry((a, b), (c, d))
        return {"x": x, "y": y}

    graph = trace(function, {name: parse("int[batch]") for name in "abcd"})
    columns = np.array([key + counter for key, counter, _ in KNOWN]).T
    inputs = dict(zip("abcd", columns, strict=True))
    found = run(engine, graph, inputs)
    assert [*zip(found["x"], found["y"], strict=True)] == [answer for *_, answer in KNOWN]


def graph_of(seed=None):
    def function(steps, samples, **given):
        value = given["seed"] if seed is None else seed
        found = uniform(value, iota(steps, into="step"), iota(samples, into="beam"))
        return {"u": arrange(found, axes=("step", "beam"))}

    names = ["steps", "samples", *(["seed"] if seed is None else [])]
    return trace(function, {name: parse("int") for name in names})


def drawn(seed, steps=9, samples=5, engine=None):
    inputs = {"steps": np.array(steps), "samples": np.array(samples), "seed": np.array(seed)}
    return run(engine, graph_of(), inputs)["u"]


def by_hand(seed, steps, samples):
    return [[noise(seed, i, j) for j in range(samples)] for i in range(steps)]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_integer_is_a_seed(engine):
    graph = graph_of()
    prepared = PREPARED[engine](graph, {}) if engine else lambda i: reference.run(graph, {}, i)
    for seed in SEEDS:
        inputs = {"steps": np.array(4), "samples": np.array(3), "seed": np.array(seed)}
        np.testing.assert_array_equal(prepared(inputs)["u"], by_hand(seed, 4, 3))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_of_the_file_is_that_of_the_run(engine):
    inputs = {"steps": np.array(4), "samples": np.array(3)}
    for seed in (5, -(2**63)):
        found = run(engine, graph_of(seed), inputs)["u"]
        np.testing.assert_array_equal(found, by_hand(seed, 4, 3))


def test_seeds_differ():
    tables = [drawn(seed).tobytes() for seed in SEEDS]
    assert len({*tables}) == len(SEEDS)


def test_a_number_does_not_depend_on_how_many_there_are():
    whole = drawn(3, 20, 8)
    np.testing.assert_array_equal(drawn(3, 20, 4), whole[:, :4])
    np.testing.assert_array_equal(drawn(3, 7, 8), whole[:7])


def test_numbers_are_exact_in_single_precision_and_below_one():
    found = drawn(11, 300, 100)
    assert found.min() >= 0
    assert found.max() <= 1 - 2**-24
    np.testing.assert_array_equal(found * 2**24 % 1, 0)


def test_numbers_are_uniform_and_do_not_go_together():
    found = drawn(2026, 1000, 100)
    counts = np.bincount((found * 64).astype(int).ravel(), minlength=64)
    assert surprise(counts, np.ones(64)) < 3.1
    # Neighbours along both axes, in a grid of eight by eight.
    for first, second in ((found[1:], found[:-1]), (found[:, 1:], found[:, :-1])):
        pairs = (first * 8).astype(int) * 8 + (second * 8).astype(int)
        assert surprise(np.bincount(pairs.ravel(), minlength=64), np.ones(64)) < 3.1
