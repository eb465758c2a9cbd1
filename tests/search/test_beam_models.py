"""Beam search in every example model: by hand, scored again, in every engine, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from beam_by_hand import Settings, beam_search, step_of
from compiled import assert_agree, drawn, expected, searching, speaking, trained
from engines import PREPARED
from long_cases import long_but

from s2sgraph.graph import reference

TOKENS = speaking()
ATTENTION = ("specs/dates", "specs/coverage", "specs/transformer", "specs/luong_local")
SEARCHES = {
    "plain": {"beams": 4, "n_best": 4},
    "ranked": {"beams": 3, "n_best": 2, "length_penalty": {"kind": "gnmt", "alpha": 0.8}},
    "first": {"beams": 4, "n_best": 2, "stop": "first", "length_penalty": "average"},
    "limited": {"beams": 4, "n_best": 3, "max_length_ratio": 1.3, "length_penalty": "average"},
}
TURNS = long_but([0], range(len(SEARCHES)))
COVERING = {
    "beams": 4,
    "n_best": 3,
    "coverage_penalty": 0.4,
    "max_length_ratio": 1.3,
    "length_penalty": {"kind": "gnmt", "alpha": 0.8},
}


def search_at(turn, name):
    """Another kind for each model at a turn; after all turns each has had every kind."""
    return [*SEARCHES.values()][(TOKENS.index(name) + turn) % len(SEARCHES)]


def by_hand(search, limit, ratio, model):
    """The same settings for the search by hand of a row with that many places."""
    penalty = search.get("length_penalty", "none")
    alpha, offset = {"none": (0.0, 0.0), "average": (1.0, 0.0)}.get(str(penalty), (0.8, 5.0))
    special = model.spec.special
    return Settings(
        beams=search["beams"],
        n_best=search["n_best"],
        alpha=alpha,
        offset=offset,
        first=search.get("stop") == "first",
        limit=min(limit, ratio),
        ends=model.spec.target.length == "free",
        pad=special.pad,
        bos=special.bos,
        eos=special.eos,
    )


def limit_of(model, inputs, row, ratio):
    own = int(inputs["source_length"][row]) if "source_length" in inputs else 0
    if model.spec.target.length == "source":
        return own
    return int(own * ratio) if ratio else 1 << 30


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", TOKENS)
def test_a_search_by_hand(name, turn):
    """Its margin says that no decision was a close one."""
    search = search_at(turn, name)
    model = searching(name, **search)
    weights, inputs = trained(model, 2), drawn(model, "decode", rows=2, max_length=5, seed=3)
    found = expected(model, "decode", weights, inputs)
    for row in range(2):
        ratio = limit_of(model, inputs, row, search.get("max_length_ratio"))
        by = by_hand(search, 5, ratio, model)
        result = beam_search(step_of(model, weights, inputs, row), 0, by)
        assert result.margin > 1e-9
        for place, wanted in enumerate(result.best):
            length = len(wanted.tokens)
            assert found["lengths"][row, place] == length
            assert (*found["tokens"][row, place, :length],) == wanted.tokens
            np.testing.assert_allclose(found["ranking"][row, place], wanted.ranking, atol=1e-9)
            chances = found["token_scores"][row, place, :length]
            np.testing.assert_allclose(chances, wanted.chances, atol=1e-9)
        assert (found["ranking"][row, len(result.best) :] == -np.inf).all()


@pytest.mark.parametrize("name", TOKENS)
def test_scores_are_those_of_the_score_graph(name):
    """Of each hypothesis, token by token."""
    model = searching(name, **SEARCHES["plain"])
    weights, inputs = trained(model, 2), drawn(model, "decode", rows=6, max_length=9, seed=3)
    found = PREPARED["onnx"](model.trace("decode"), weights)(inputs)
    score = model.trace("score", hard=True)
    for place in range(4):
        target = found["tokens"][:, place]
        scored = reference.run(score, weights, {**inputs, "target": target})
        alive = np.isfinite(found["scores"][:, place])
        assert alive.any()
        for key in ("scores", "token_scores"):
            np.testing.assert_allclose(
                found[key][alive, place], scored[key][alive], rtol=1e-4, atol=1e-4
            )


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", TOKENS)
def test_engines_search_alike(name, turn):
    model = searching(name, **search_at(turn, name))
    weights, inputs = trained(model, 2), drawn(model, "decode", rows=5, max_length=7, seed=3)
    wanted = expected(model, "decode", weights, inputs)
    for engine in ("torch", "onnx"):
        assert_agree(PREPARED[engine](model.trace("decode"), weights)(inputs), wanted)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("name", ATTENTION)
def test_engines_search_alike_with_a_coverage_penalty(name, engine):
    model = searching(name, **COVERING)
    weights, inputs = trained(model, 2), drawn(model, "decode", rows=5, max_length=8, seed=3)
    wanted = expected(model, "decode", weights, inputs)
    assert_agree(PREPARED[engine](model.trace("decode"), weights)(inputs), wanted)


# -- rows are alone -------------------------------------------------------------------------


def check_alone(name, search, engine, count, extra):
    """Rows by themselves, in another order, and wider than they are."""
    random = np.random.default_rng(5)
    model = searching(name, **search)
    run = PREPARED[engine](model.trace("decode"), trained(model, 4))
    inputs = drawn(model, "decode", rows=count, max_length=8, seed=6)
    sources = [n.removesuffix("_length") for n in inputs if n.endswith("_length")]
    sources.remove("max")
    whole = run(inputs)

    def rows(chosen):
        return {n: a if a.ndim == 0 else a[chosen] for n, a in inputs.items()}

    for row in range(count):
        assert_rows(run(rows([row])), whole, [row])
    order = random.permutation(count)
    assert_rows(run(rows(order)), whole, order)
    for more in extra:
        wider = dict(inputs)
        for source in sources:
            array = inputs[source]
            rest = random.integers(0, 4, (count, more, *array.shape[2:])).astype(array.dtype)
            wider[source] = np.concatenate([array, rest], 1)
        assert_rows(run(wider), whole, np.arange(count))


def assert_rows(found, whole, rows):
    """These are those rows of the whole; results may be padded to another length."""
    width = min(found["tokens"].shape[2], whole["tokens"].shape[2])
    np.testing.assert_array_equal(found["lengths"], whole["lengths"][rows])
    for name in ("tokens", "token_scores"):
        assert not found[name][:, :, width:].any()
        assert not whole[name][rows][:, :, width:].any()
        np.testing.assert_allclose(
            found[name][:, :, :width], whole[name][rows][:, :, :width], rtol=1e-4, atol=1e-4
        )
    for name in ("scores", "ranking"):
        np.testing.assert_allclose(found[name], whole[name][rows], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("engine", ["torch", "onnx"])
@pytest.mark.parametrize("name", TOKENS)
def test_a_sentence_is_searched_as_if_alone(name, engine):
    kind = ("ranked", "first", "limited")[TOKENS.index(name) % 3]
    check_alone(name, SEARCHES[kind], engine, 4, [5])


@pytest.mark.parametrize("name", ATTENTION)
def test_a_sentence_is_covered_as_if_alone(name):
    check_alone(name, COVERING, "onnx", 6, [1, 9])


@pytest.mark.long
@pytest.mark.parametrize("name", TOKENS)
def test_200_sentences_are_searched_as_if_alone(name):
    for kind in ("ranked", "first", "limited"):
        check_alone(name, SEARCHES[kind], "onnx", 200, range(1, 33))
    if name in ATTENTION:
        check_alone(name, COVERING, "onnx", 200, range(1, 33))
