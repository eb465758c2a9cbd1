"""Beam search over small tables, against a search by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from beam_by_hand import Settings, beam_search
from engines import PREPARED
from table_models import TableModel

from s2sgraph.search.beam import Beam

PENALTIES = {
    "none": (0.0, 0.0),
    "average": (1.0, 0.0),
    "power": (0.6, 0.0),
    "gnmt": (0.6, 5.0),
}


def kind(name):
    return {"kind": name, "alpha": PENALTIES[name][0]} if name in ("power", "gnmt") else name


def assert_is(result, row, best, count):
    """One row of a result is these hypotheses, and then nothing."""
    for place in range(count):
        tokens = result["tokens"][row, place]
        if place >= len(best):
            assert not tokens.any()
            assert result["lengths"][row, place] == 0
            assert result["scores"][row, place] == result["ranking"][row, place] == -np.inf
            assert not result["token_scores"][row, place].any()
            continue
        wanted = best[place]
        length = len(wanted.tokens)
        assert (*tokens[:length],) == wanted.tokens
        assert not tokens[length:].any()
        assert result["lengths"][row, place] == length
        own = result["token_scores"][row, place]
        np.testing.assert_allclose(own[:length], wanted.chances, rtol=1e-4, atol=1e-4)
        assert not own[length:].any()
        for name, number in (("scores", wanted.score), ("ranking", wanted.ranking)):
            np.testing.assert_allclose(result[name][row, place], number, rtol=1e-4, atol=1e-4)


def check(model, by, penalty="none", *, engine=None, limited=True):
    alpha, offset = PENALTIES[penalty]
    search = Beam(
        beams=by.beams,
        n_best=by.n_best,
        length_penalty=kind(penalty),
        coverage_penalty=by.beta,
        stop="first" if by.first else "exact",
    )
    result = model.found(search, engine=engine, limited=limited, ends=by.ends)
    assert result["tokens"].shape[:2] == (model.rows, by.n_best)
    for row in range(model.rows):
        own = replace(by, alpha=alpha, offset=offset, limit=model.limit(row, limited))
        assert_is(result, row, beam_search(model.step(row), model.seen(row), own).best, by.n_best)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("limited", [False, True])
def test_a_search_by_hand(limited, first, penalty):
    for seed in range(12):
        beams = 1 + seed % 5
        by = Settings(beams=beams, n_best=1 + seed % beams, first=first)
        check(TableModel.drawn(seed, limit=8), by, penalty, limited=limited)


@pytest.mark.parametrize("penalty", ["none", "gnmt"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("limited", [False, True])
def test_with_a_coverage_penalty(limited, first, penalty):
    for seed in range(12):
        by = Settings(beams=4, n_best=3, beta=0.2 + seed / 4, first=first)
        check(TableModel.drawn(seed, limit=8), by, penalty, limited=limited)


@pytest.mark.parametrize("symbols", [3, 4, 5])
def test_more_beams_than_symbols(symbols):
    for seed in range(8):
        model = TableModel.drawn(seed, symbols=symbols, limit=6)
        check(model, Settings(beams=9, n_best=9), "average")


@pytest.mark.parametrize("limited", [False, True])
def test_without_an_end_symbol(limited):
    for seed in range(4):
        check(TableModel.drawn(seed), Settings(beams=3, n_best=2, ends=False), limited=limited)


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 2])
def test_few_places(limit, limited):
    """At no place at all there is one hypothesis, which is empty."""
    for first in (False, True):
        by = Settings(beams=4, n_best=3, first=first, beta=0.5)
        check(TableModel.drawn(3, limit=limit), by, "gnmt", limited=limited)


@pytest.mark.parametrize("engine", PREPARED)
def test_engines_search_alike(engine):
    for penalty, first in (("none", False), ("gnmt", True), ("average", False)):
        by = Settings(beams=4, n_best=3, first=first, beta=0.3)
        check(TableModel.drawn(7, rows=6, limit=7), by, penalty, engine=engine)
        check(TableModel.drawn(8, limit=7), replace(by, beta=0.0), penalty, engine=engine)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_one_beam_is_greedy(engine):
    """The end symbol is taken where it is the best, as greedy search does."""
    for seed in range(6):
        model = TableModel.drawn(seed, rows=5, limit=9)
        result = model.found(Beam(beams=1), engine=engine)
        for row in range(model.rows):
            tokens: list[int] = []
            while len(tokens) < model.limit(row) and 2 not in tokens:
                chances = model.step(row)([tuple(tokens)])[0][0]
                chances[:2] = -np.inf
                tokens.append(int(chances.argmax()))
            assert [*result["tokens"][row, 0, : len(tokens)]] == tokens
            assert result["lengths"][row, 0] == len(tokens)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_where_nothing_can_go_on(penalty, engine):
    """There are fewer hypotheses than are wanted, and no step is made in vain: without end."""
    model = TableModel.drawn(0, symbols=3, limit=1 << 40)
    check(model, Settings(beams=2, n_best=2), penalty, engine=engine, limited=False)


@pytest.mark.parametrize("first", [False, True])
def test_settings_at_run_time(first):
    """A graph made for other settings, which are all given."""
    for seed in range(4):
        by = Settings(beams=3, n_best=2, first=first, beta=0.3)
        given = {
            "beams": 3,
            "n_best": 2,
            "length_penalty": 0.6,
            "length_offset": 5.0,
            "coverage_penalty": 0.3,
            "stop": int(first),
        }
        model = TableModel.drawn(seed, limit=7)
        result = model.found(Beam(), given=given)
        for row in range(model.rows):
            own = replace(by, alpha=0.6, offset=5.0, limit=model.limit(row))
            best = beam_search(model.step(row), model.seen(row), own).best
            assert_is(result, row, best, 2)
