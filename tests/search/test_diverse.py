"""Diverse beam search over small tables, against a search by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from beam_by_hand import Hypothesis, Settings, continuations, penalised
from compiled import (
    assert_agree,
    assert_scored,
    drawn,
    expected,
    searching,
    speaking,
    trained,
)
from engines import PREPARED
from long_cases import long_but
from table_models import TableModel, assert_same

from s2sgraph.search.beam import Beam
from s2sgraph.search.diverse import Diverse
from s2sgraph.spec import SpecError, loads

ENGINES = [None, *PREPARED]


def by_hand(step, places, by, groups, strength):
    """The n best of one sentence; `by.beams` are the beams of one group."""
    going = [[Hypothesis((), (), np.zeros(places))] for _ in range(groups)]
    ended = []
    if by.limit == 0:
        return going[0]
    for _ in range(by.limit):
        cost, endings = Counter(), 0
        for group in range(groups):
            on, ends = continuations(step, going[group], by)
            on = [h for h in on if h.score > -np.inf]
            on.sort(key=lambda h: strength * cost[h.tokens[-1]] - h.score)
            going[group] = on[: by.beams]
            bound = -np.inf
            if len(going[group]) == by.beams:
                last = going[group][-1]
                bound = last.score - strength * cost[last.tokens[-1]]
            for hypothesis in going[group]:
                cost[hypothesis.tokens[-1]] += 1
            counted = [h.ranked(by) for h in ends if h.score - strength * endings >= bound]
            endings += len(counted)
            ended += counted
        ended.sort(key=lambda h: -h.ranking)
        everyone = [h for group in going for h in group]
        if len(ended) >= by.n_best:
            hope = max((penalised(h.score, by.limit, by) for h in everyone), default=-np.inf)
            if by.first or hope <= ended[by.n_best - 1].ranking:
                return ended[: by.n_best]
        if not everyone:
            break
    pool = [*ended, *(h.ranked(by) for group in going for h in group)]
    return sorted(pool, key=lambda h: -h.ranking)[: by.n_best]


def once_each(step):
    """The same model, which says no pair of symbols twice."""

    def found(prefixes):
        chances, attention = step(prefixes)
        for prefix, row in zip(prefixes, chances, strict=True):
            pairs = {*pairwise(prefix)}
            for symbol in range(len(row)):
                if prefix and (prefix[-1], symbol) in pairs:
                    row[symbol] = -np.inf
        return chances, attention

    return found


def check(model, by, groups, strength, *, repeats=True, engine=None, given=None, **form):
    search = Diverse(
        no_repeat_ngram=0 if repeats else 2,
        beams=by.beams * groups,
        groups=groups,
        n_best=by.n_best,
        strength=strength,
        length_penalty={"kind": "power", "alpha": by.alpha},
        coverage_penalty=by.beta,
        stop="first" if by.first else "exact",
    )
    result = model.found(search, engine=engine, given=given, **form)
    for row in range(model.rows):
        own = replace(by, limit=model.limit(row, form.get("limited", True)))
        step = model.step(row) if repeats else once_each(model.step(row))
        wanted = by_hand(step, model.seen(row), own, groups, strength)
        for place, hypothesis in enumerate(wanted):
            tokens = hypothesis.tokens
            width = result["tokens"].shape[2]
            assert (*result["tokens"][row, place],) == (*tokens, *[0] * (width - len(tokens)))
            np.testing.assert_allclose(result["scores"][row, place], hypothesis.score, atol=1e-4)
            np.testing.assert_allclose(result["ranking"][row, place], hypothesis.ranking, atol=1e-4)
        assert (result["lengths"][row, len(wanted) :] == 0).all()


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("beams", [1, 2, 4])
def test_a_search_by_hand(beams, groups):
    for seed in range(6):
        by = Settings(beams=beams, n_best=min(beams * groups, 3), alpha=0.5 * (seed % 3))
        check(TableModel.drawn(seed, limit=7), by, groups, 0.37 * seed)


@pytest.mark.parametrize("beta", [0.0, 0.6])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("limited", [False, True])
def test_as_other_beams_are_searched(limited, first, beta):
    for seed in range(6):
        by = Settings(beams=2, n_best=3, alpha=0.6, beta=beta, first=first)
        check(TableModel.drawn(seed, limit=7), by, 3, 0.8, limited=limited)


@pytest.mark.parametrize("symbols", [3, 4, 5])
def test_more_beams_than_symbols(symbols):
    """What a beam without a hypothesis chooses costs the other groups nothing."""
    for seed in range(6):
        by = Settings(beams=5, n_best=4, alpha=0.6)
        check(TableModel.drawn(seed, symbols=symbols, limit=6), by, 2, 0.9)


@pytest.mark.parametrize("beams", [2, 4, 6])
def test_where_a_group_has_fewer_choices_than_beams(beams):
    for seed in range(12):
        by = Settings(beams=beams, n_best=3 * beams, alpha=1.0)
        model = TableModel.drawn(seed, rows=6, limit=10)
        model.weights["table"][:, 2] -= 4
        check(model, by, 3, 1.5, repeats=False, limited=False)


@pytest.mark.parametrize("engine", PREPARED)
def test_engines_search_alike(engine):
    for seed in range(3):
        by = Settings(beams=2, n_best=4, alpha=0.6, beta=0.3 * (seed % 2), first=seed == 2)
        check(TableModel.drawn(seed, rows=5, limit=7), by, 3, 0.5, engine=engine)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_settings_of_the_run(engine):
    """Of beams that cannot be shared out evenly some are unused, but each group has one."""
    model = TableModel.drawn(4, rows=4, limit=7)
    spec = Diverse(beams=4, groups=2, n_best=2)
    for beams, used, strength in ((1, 2, 0.0), (2, 2, 0.3), (5, 4, 2.0), (6, 6, 0.3)):
        told = {"beams": beams, "strength": strength, "n_best": 2}
        fixed = Diverse(beams=used, groups=2, n_best=2, strength=strength)
        assert_same(model.found(spec, engine=engine, given=told), model.found(fixed, engine=engine))
    left = {"beams": -1, "strength": -1.0, "n_best": -1}
    assert_same(model.found(spec, engine=engine, given=left), model.found(spec, engine=engine))


def test_one_group_is_beam_search():
    for seed in range(5):
        model = TableModel.drawn(seed, rows=4, limit=7)
        settings = {"beams": 4, "n_best": 3, "length_penalty": "average"}
        alone = Diverse(groups=1, strength=9.0, **settings)
        assert_same(model.found(alone), model.found(Beam(**settings)))


def test_groups_that_cost_nothing_are_all_alike():
    model = TableModel.drawn(2, rows=4, limit=6)
    result = model.found(Diverse(beams=6, groups=3, n_best=6, strength=0.0), limited=False)
    for tokens in result["tokens"]:
        counts = Counter(map(tuple, tokens.tolist()))
        assert {n % 3 for n in counts.values()} == {0}


def test_groups_that_cost_much_begin_differently():
    """As long as there are symbols that no group has chosen."""
    model = TableModel.drawn(2, symbols=9, rows=6, limit=6)
    search = {"beams": 3, "n_best": 3, "min_length": 6}
    apart = model.found(Diverse(groups=3, strength=50.0, **search), limited=False)
    for place in range(5):
        for tokens in apart["tokens"][:, :, place]:
            assert len({*tokens.tolist()}) == 3
    together = model.found(Beam(**search), limited=False)
    assert any(len({*tokens.tolist()}) < 3 for tokens in together["tokens"][:, :, 0])


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_a_row_is_searched_as_if_alone(engine):
    model = TableModel.drawn(3, rows=4, limit=6)
    search = Diverse(beams=4, groups=2, n_best=3)
    result = model.found(search, engine=engine)
    for rows in ([0], [3, 1], [2, 2, 0]):
        part = model.row(*rows).found(search, engine=engine)
        width = part["tokens"].shape[2]
        for place, row in enumerate(rows):
            np.testing.assert_array_equal(part["tokens"][place], result["tokens"][row, :, :width])
            np.testing.assert_allclose(part["scores"][place], result["scores"][row], atol=1e-5)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("limit", [0, 1])
def test_few_places(limit, limited, engine):
    by = Settings(beams=2, n_best=3, alpha=0.6)
    check(TableModel.drawn(3, limit=limit), by, 2, 0.5, engine=engine, limited=limited)


@pytest.mark.parametrize("name", long_but(speaking()[::2], speaking()))
def test_models_are_searched_alike_and_scored_as_by_themselves(name):
    model = searching(name, kind="diverse", beams=4, groups=2, n_best=3, strength=1.0)
    weights, inputs = trained(model), drawn(model, "decode", max_length=6)
    wanted = expected(model, "decode", weights, inputs)
    for engine in ("torch", "onnx"):
        assert_agree(PREPARED[engine](model.trace("decode"), weights)(inputs), wanted)
    if model.spec.target.length == "free":
        assert_scored(model, weights, inputs, wanted)


def test_a_spec_shares_its_beams_out_evenly():
    text = """
    source: {tokens: ids, size: 9}
    target: {tokens: ids, size: 9}
    encoder: [{embedding: 4}]
    decoder: [{embedding: 4}, output]
    search: {kind: diverse, beams: 5, groups: 2, n_best: 6, strength: -1}
    """
    with pytest.raises(SpecError) as error:
        loads(text)
    for part in ("5 beams cannot be shared out evenly to 2 groups", "n_best is 6", "strength"):
        assert part in str(error.value)
