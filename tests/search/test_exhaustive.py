"""With beams enough for all hypotheses, a search finds the best of all sequences there are."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from beam_by_hand import Settings, every_sequence
from engines import PREPARED
from hypothesis import example, given, settings
from hypothesis import strategies as st
from table_models import TableModel, rows_first

from s2sgraph.graph import reference
from s2sgraph.search.beam import Beam

LIMITS = {4: 9, 5: 4, 6: 3, 7: 2}
"""How long sequences over so many symbols may be."""
GIVEN = ("beams", "n_best", "length_penalty", "length_offset", "coverage_penalty")


def enough(symbols: int) -> int:
    """One more beam than there are hypotheses at any step: so that none is left out."""
    return (symbols - 3) ** LIMITS[symbols] + 1


@cache
def graph_of(symbols, limited):
    drawn = TableModel.drawn(0, symbols=symbols)
    return drawn.graph(Beam(beams=2), limited=limited, inputs=GIVEN)


@cache
def prepared(engine, seed, symbols):
    model = TableModel.drawn(seed, symbols=symbols, limit=LIMITS[symbols])
    return PREPARED[engine](graph_of(symbols, True), model.weights)


def feed(model, by):
    said = {
        "beams": by.beams,
        "n_best": by.n_best,
        "length_penalty": by.alpha,
        "length_offset": by.offset,
        "coverage_penalty": by.beta,
    }
    return {**model.inputs, **{name: np.array(value) for name, value in said.items()}}


def check(model, by, result, limited):
    assert result["tokens"].shape[:2] == (model.rows, by.n_best)
    for row in range(model.rows):
        own = replace(by, limit=model.limit(row, limited))
        best = every_sequence(model.step(row), model.seen(row), own)[: by.n_best]
        ranking, lengths = result["ranking"][row], result["lengths"][row]
        count = len(best)
        np.testing.assert_allclose(ranking[:count], [h.ranking for h in best], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(
            result["scores"][row, :count], [h.score for h in best], rtol=1e-4, atol=1e-4
        )
        assert (ranking[count:] == -np.inf).all()
        for place, wanted in enumerate(best):
            tokens = result["tokens"][row, place, : lengths[place]]
            assert (*tokens,) == wanted.tokens


def drawn(seed, symbols):
    return TableModel.drawn(seed, symbols=symbols, rows=3, limit=LIMITS[symbols])


@pytest.mark.parametrize("limited", [False, True])
@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    symbols=st.sampled_from([*LIMITS]),
    share=st.floats(0, 1),
    alpha=st.sampled_from([0.0, 0.3, 0.6, 1.0, 1.7]),
    offset=st.sampled_from([0.0, 1.0, 5.0]),
    beta=st.sampled_from([0.0, 0.2, 2.0]),
)
@example(seed=0, symbols=5, share=1.0, alpha=1.0, offset=0.0, beta=0.0)
@example(seed=0, symbols=4, share=1.0, alpha=10.0, offset=0.0, beta=0.0)
def test_the_best_of_all(limited, seed, symbols, share, alpha, offset, beta):
    model, beams = drawn(seed, symbols), enough(symbols)
    by = Settings(beams, 1 + round(share * (beams - 1)), alpha, offset, beta)
    graph = graph_of(symbols, limited)
    result = reference.run(graph, model.weights, feed(model, by))
    check(model, by, rows_first(graph, result), limited)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("symbols", [4, 5])
def test_engines_find_the_best_of_all(engine, symbols):
    model, beams = drawn(5, symbols), enough(symbols)
    run = prepared(engine, 5, symbols)
    for alpha, offset, beta in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.6, 5.0, 0.3)):
        by = Settings(beams, min(beams, 6), alpha, offset, beta)
        check(model, by, rows_first(graph_of(symbols, True), run(feed(model, by))), True)
