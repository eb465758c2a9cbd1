"""What symbols are drawn from, on a fine grid of noise: the shares that come are the right ones."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from engines import PREPARED
from sampling_by_hand import BOS, PAD, Drawing

from s2sgraph.graph import reference
from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.trace import trace
from s2sgraph.graph.types import parse
from s2sgraph.search.distribution import CHUNK, WIDE, Distribution, inverse

ENGINES = [None, *PREPARED]
GRID = (np.arange(20_000) + 0.5) / 20_000
ALL_BUT_ONE = 1 - 2**-24
"""The greatest number that noise can be."""
SETTINGS = [
    {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    for temperature, top_k, top_p, min_p in product(
        (1.0, 0.6, 2.5), (0, 1, 3, 50), (1.0, 0.75, 0.001), (0.0, 0.2)
    )
]


def run(engine, graph, inputs):
    if engine:
        return PREPARED[engine](graph, {})(inputs)
    return reference.run(graph, {}, inputs)


def draws(chances, noise, settings, *, given=(), engine=None):
    """A symbol for each number, all from the same log-probabilities."""

    def function(chances, noise, **inputs):
        return {"drawn": Distribution.of({**settings, **inputs}).draw(chances, noise)}

    types = {
        "chances": parse(f"float[batch, symbol={len(chances)}]"),
        "noise": parse("float[batch]"),
        **{name: parse("int" if name == "top_k" else "float") for name in given},
    }
    inputs = {
        "chances": np.tile(chances, (len(noise), 1)),
        "noise": np.asarray(noise),
        **{name: np.array(settings[name]) for name in given},
    }
    return run(engine, trace(function, types), inputs)["drawn"]


def chances_of(seed, symbols=9):
    logits = np.random.default_rng(seed).standard_normal(symbols) * 1.5
    chances = logits - np.log(np.exp(logits).sum())
    chances[[PAD, BOS]] += HIDDEN
    return chances


def assert_shares(found, shares):
    """The counts on the grid are the shares, but for what lies between two of its points."""
    counts = Counter(np.asarray(found).tolist())
    assert set(counts) <= {symbol for symbol, _ in shares}
    for symbol, share in shares:
        assert abs(counts[symbol] - share * len(GRID)) <= 2


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))
def test_symbols_come_as_often_as_is_due(settings):
    for seed in range(3):
        chances = chances_of(seed)
        shares = Drawing(**settings).shares(chances)
        assert_shares(draws(chances, GRID, settings), shares)
        assert_shares(draws(chances, GRID, settings, given=settings), shares)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("settings", SETTINGS[::5], ids=lambda s: "-".join(map(str, s.values())))
def test_engines_draw_alike(engine, settings):
    chances = chances_of(7)
    for given in ((), (*settings,)):
        wanted = draws(chances, GRID, settings, given=given)
        found = draws(chances, GRID, settings, given=given, engine=engine)
        assert np.count_nonzero(found != wanted) <= 1  # a point of the grid at an edge


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("top_k", [0, 4])
def test_at_no_temperature_the_best_symbol_comes(engine, top_k):
    settings = {"temperature": 0.0, "top_k": top_k, "top_p": 1.0, "min_p": 0.0}
    noise = [0.0, 0.3, 0.999, ALL_BUT_ONE]
    for seed in range(4):
        chances = chances_of(seed)
        found = draws(chances, noise, settings, given=["temperature"], engine=engine)
        assert found.tolist() == [chances.argmax()] * 4
    tied = np.full(6, np.log(1 / 6))
    tied[[PAD, BOS]] += HIDDEN
    assert draws(tied, noise, settings, given=["temperature"], engine=engine).tolist() == [2] * 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("settings", SETTINGS[::7], ids=lambda s: "-".join(map(str, s.values())))
def test_at_the_edges_of_noise(engine, settings):
    """The first and the last symbol that may come, never one of no probability."""
    for seed in range(5):
        chances = chances_of(seed)
        chances[5:] += HIDDEN  # nothing likely at the end
        shares = Drawing(**settings).shares(chances)
        found = draws(chances, [0.0, ALL_BUT_ONE], settings, engine=engine)
        assert found.tolist() == [shares[0][0], shares[-1][0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_at_no_share_at_all_the_best_symbol_comes(engine):
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 0.0, "min_p": 0.0}
    chances = chances_of(1)
    found = draws(chances, [0.0, 0.7, ALL_BUT_ONE], settings, given=["top_p"], engine=engine)
    assert found.tolist() == [chances.argmax()] * 3


@pytest.mark.parametrize("engine", ENGINES)
def test_of_equals_the_lower_ids_are_kept(engine):
    chances = np.log(np.array([HIDDEN, HIDDEN, 0.1, 0.2, 0.2, 0.2, 0.2, 0.1]).clip(1e-30))
    settings = {"temperature": 1.0, "top_k": 2, "top_p": 1.0, "min_p": 0.0}
    found = draws(chances, [0.0, 0.49, 0.51, ALL_BUT_ONE], settings, engine=engine)
    assert found.tolist() == [3, 3, 4, 4]


# -- the inverse of cumulative sums -----------------------------------------------------


def inverses(weights, noise, engine=None):
    graph = trace(
        lambda weights, noise: {"place": inverse(weights, noise, over="symbol")},
        {
            "weights": parse(f"float[batch, symbol={weights.shape[1]}]"),
            "noise": parse("float[batch]"),
        },
    )
    return run(engine, graph, {"weights": weights, "noise": noise})["place"]


SIZES = [1, 5, WIDE, WIDE + 1, 8 * CHUNK, 2000]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", SIZES)
def test_places_are_found_exactly(engine, size):
    """With whole weights, whose sums have no rounding; most of them are zero."""
    random = np.random.default_rng(size)
    rows = 64
    weights = random.integers(1, 5, (rows, size)) * (random.random((rows, size)) < 0.1)
    weights[:, size // 2] += 1
    sums = weights.cumsum(1)
    power = 2 ** np.ceil(np.log2(sums[:, -1:])).astype(int)
    weights[:, size // 2] += (power - sums[:, -1:])[:, 0]  # so that all products are exact, too
    sums = weights.cumsum(1)
    noise = random.integers(0, 2**24, rows) / 2**24
    noise[:2] = 0, ALL_BUT_ONE
    wanted = [
        np.searchsorted(row, number * row[-1], side="right")
        for row, number in zip(sums, noise, strict=True)
    ]
    np.testing.assert_array_equal(inverses(weights, noise, engine), wanted)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", SIZES)
def test_rounding_never_leads_to_a_place_of_no_weight(engine, size):
    random = np.random.default_rng(size + 1)
    rows = 400
    weights = np.exp(random.standard_normal((rows, size)) * 6).astype(np.float32)
    weights *= random.random((rows, size)) < 0.3
    weights[range(rows), random.integers(0, size, rows)] += 1e-3
    weights[: rows // 2, size // 2 + 1 :] = 0
    weights[:, size // 2] += 1e-5
    noise = np.full(rows, ALL_BUT_ONE)
    noise[::3] = random.integers(2**24 - 50, 2**24, len(noise[::3])) / 2**24
    noise[1::3] = random.integers(0, 50, len(noise[1::3])) / 2**24
    found = inverses(weights, noise, engine)
    assert (weights[range(rows), found] > 0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_chunk_is_not_left_at_its_beginning(engine):
    """Where noise falls on the border of two chunks, and the second begins with nothing."""
    random = np.random.default_rng(0)
    rows = 2000
    weights = np.zeros((rows, 8 * CHUNK), np.float32)
    weights[:, 5] = random.random(rows) + 0.1
    weights[:, CHUNK + 9] = random.random(rows) + 0.1
    sums = weights.cumsum(1)
    noise = np.ceil(sums[:, CHUNK - 1].astype(float) / sums[:, -1] * 2**24) / 2**24
    found = inverses(weights, noise, engine)
    assert (weights[range(rows), found] > 0).all()


def test_many_symbols_come_as_often_as_is_due():
    """In single precision too, whose plain sums over so many would be too coarse."""
    random = np.random.default_rng(3)
    size, rows = 6000, 1000
    weights = random.random(size).astype(np.float32)
    noise = (np.arange(rows) + 0.5) / rows
    wanted = np.searchsorted(weights.astype(float).cumsum(), noise * weights.astype(float).sum())
    for engine in (None, "torch", "onnx"):
        found = inverses(np.tile(weights, (rows, 1)), noise, engine)
        assert np.abs(found - wanted).max() <= 1
        assert np.count_nonzero(found != wanted) <= rows * 0.02
