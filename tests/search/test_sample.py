"""Sampling over small tables, against sampling by hand and against exact probabilities."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
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
from goodness import surprise
from long_cases import long_but
from sampling_by_hand import BOS, EOS, PAD, Drawing, sampled
from table_models import TableModel, assert_same

from s2sgraph.graph import reference
from s2sgraph.search.greedy import Greedy
from s2sgraph.search.sample import LONGEST, Sample
from s2sgraph.spec import SpecError, loads

ENGINES = [None, *PREPARED]
ALL = {"temperature": 1.7, "top_k": 4, "top_p": 0.8, "min_p": 0.1}
SETTINGS = [{}, {"temperature": 0.6}, {"top_k": 3}, {"top_p": 0.7}, {"min_p": 0.3}, ALL]
OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 0, "n_best": 1}


def by_hand(model, row, drawing, seed, count, *, limited=True, ends=True):
    """The samples of a row, best first."""
    limit = model.limit(row, limited)
    step = model.step(row)
    samples = [sampled(step, drawing, seed, i, limit, ends=ends) for i in range(count)]
    return sorted(samples, key=lambda sample: -sum(sample[1]))


def assert_is(result, row, samples):
    """One row of a result is these samples, and padding after each."""
    for place, (tokens, scores) in enumerate(samples):
        width = result["tokens"].shape[2]
        behind = [0] * (width - len(tokens))
        assert result["tokens"][row, place].tolist() == tokens + behind
        assert result["lengths"][row, place] == len(tokens)
        np.testing.assert_allclose(result["token_scores"][row, place], scores + behind, atol=1e-4)
        np.testing.assert_allclose(result["scores"][row, place], sum(scores), atol=1e-4)


@pytest.mark.parametrize(("limited", "ends"), [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_samples_by_hand(settings, limited, ends):
    for seed in range(3):
        model = TableModel.drawn(seed, limit=7)
        search = Sample(n_best=5, seed=seed - 2, **settings)
        result = model.found(search, limited=limited, ends=ends)
        assert result["tokens"].shape[:2] == (model.rows, 5)
        for row in range(model.rows):
            drawing = Drawing(**settings)
            wanted = by_hand(model, row, drawing, seed - 2, 5, limited=limited, ends=ends)
            assert_is(result, row, wanted)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("settings", [{}, {"top_p": 0.7}, ALL], ids=str)
def test_engines_sample_alike(engine, settings):
    for seed in range(3):
        model = TableModel.drawn(seed, rows=5, limit=9)
        search = Sample(n_best=7, seed=3**35 * seed, **settings)
        assert_same(model.found(search, engine=engine), model.found(search))


# -- the distribution -------------------------------------------------------------------


def level(model):
    """A model that is less sure of itself."""
    for table in (model.inputs["urge"], model.weights["table"], model.weights["echo"]):
        table /= 3
    return model


def exact(model, row, drawing, limit):
    """The probability of every sequence that can be drawn."""
    chances, open_ = {}, {(): 1.0}
    for _ in range(limit):
        longer = {}
        for prefix, chance in open_.items():
            for symbol, share in drawing.shares(model.step(row)([prefix])[0][0]):
                into = chances if symbol == EOS else longer
                into[(*prefix, symbol)] = chance * share
        open_ = longer
    return chances | open_


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_sequences_come_as_often_as_is_due(settings):
    """Of all sequences of up to three symbols; chi-square, by fixed seeds."""
    count = 6000
    model = level(TableModel.drawn(5, rows=2, limit=3))
    result = model.found(Sample(n_best=count, seed=2026, **settings), limited=False)
    for row in range(model.rows):
        chances = exact(model, row, Drawing(**settings), 3)
        tokens, lengths = result["tokens"][row], result["lengths"][row]
        counts = Counter(
            (*line[:length].tolist(),) for line, length in zip(tokens, lengths, strict=True)
        )
        assert set(counts) <= set(chances)
        assert sum(counts.values()) == count
        assert surprise([counts[key] for key in chances], [*chances.values()]) < 3.1


def test_samples_of_a_wrong_distribution_would_be_seen():
    model = level(TableModel.drawn(5, rows=2, limit=3))
    result = model.found(Sample(n_best=6000, temperature=1.1), limited=False)
    chances = exact(model, 0, Drawing(), 3)
    lines = zip(result["tokens"][0], result["lengths"][0], strict=True)
    counts = Counter((*line[:length].tolist(),) for line, length in lines)
    assert surprise([counts[key] for key in chances], [*chances.values()]) > 3.1


# -- what samples depend on -------------------------------------------------------------


def whole_set(result, row):
    return sorted(map(tuple, np.asarray(result["tokens"][row]).tolist()))


@pytest.mark.parametrize("engine", ENGINES)
def test_fewer_samples_are_the_first_of_more(engine):
    model = TableModel.drawn(1, rows=4, limit=6)
    given = {"n_best": 4, "seed": 9}
    few = model.found(Sample(), engine=engine, given=given)
    more = model.found(Sample(), engine=engine, given={**given, "n_best": 8})
    width = max(few["tokens"].shape[2], more["tokens"].shape[2])
    for row in range(model.rows):
        own = Counter(whole_set(few, row))
        assert few["tokens"].shape[2] <= width
        padded = Counter({(*t, *[PAD] * (width - len(t))): n for t, n in own.items()})
        assert padded <= Counter(whole_set(more, row))
        assert sum(padded.values()) == 4


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_is_sampled_as_if_alone(engine):
    model = TableModel.drawn(2, rows=5, limit=6)
    search = Sample(n_best=3, seed=4, **ALL)
    result = model.found(search, engine=engine)
    for rows in ([0], [3], [4, 1, 0], [2, 2, 2]):
        part = model.row(*rows).found(search, engine=engine)
        width = part["tokens"].shape[2]
        for place, row in enumerate(rows):
            np.testing.assert_array_equal(part["tokens"][place], result["tokens"][row, :, :width])
            assert not result["tokens"][row, :, width:].any()
            np.testing.assert_allclose(part["scores"][place], result["scores"][row], atol=1e-5)


@pytest.mark.parametrize("engine", ["torch", "onnx", "onnx, not optimised"])
def test_a_seed_gives_the_same_again(engine):
    """In one session over and over, and in another one."""
    model = TableModel.drawn(3, limit=6)
    graph = model.graph(Sample(n_best=6), inputs=["seed"])
    one, other = (PREPARED[engine](graph, model.weights) for _ in range(2))
    inputs = [{**model.inputs, "seed": np.array(seed)} for seed in (1, 2, 2**40, -7)]
    first = [one(given) for given in inputs]
    for wanted, given in zip(first, inputs, strict=True):
        assert_same(one(given), wanted)
        assert_same(other(given), wanted)
    assert len({result["tokens"].tobytes() for result in first}) == len(inputs)


# -- settings of a run ------------------------------------------------------------------

CHANGED = {"temperature": 0.4, "top_k": 2, "top_p": 0.5, "min_p": 0.5, "seed": -5, "n_best": 3}


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
@pytest.mark.parametrize("name", CHANGED)
def test_a_setting_of_the_run_is_that_of_the_spec(name, engine):
    """It does what it says, and what is left to the file is as in the spec."""
    model = TableModel.drawn(6, limit=6)
    by_rank = {"top_k", "top_p"}
    for value in (CHANGED[name], OFF[name]):
        told = model.found(Sample(n_best=5), engine=engine, given={**OFF, name: value})
        settings = {**OFF, name: value}
        count, seed = settings.pop("n_best"), settings.pop("seed")
        drawing = Drawing(**settings, by_rank=True)
        for row in range(model.rows):
            assert_is(told, row, by_hand(model, row, drawing, seed, count))
    spec = Sample(**{**OFF, "n_best": 5, name: CHANGED[name]})
    left = model.found(spec, engine=engine, given={name: -1})
    chosen = model.found(Sample(n_best=5), engine=engine, given={name: CHANGED[name]})
    assert_same(left, chosen)
    if name not in by_rank:
        assert_same(chosen, model.found(spec, engine=engine))


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_at_no_temperature_samples_are_greedy(engine):
    model = TableModel.drawn(4, rows=5, limit=8)
    cold = {"temperature": 0.0, "n_best": 2}
    result = model.found(Sample(seed=3), engine=engine, given=cold)
    greedy = model.found(Greedy(), engine=engine)
    for name, array in greedy.items():
        for place in range(2):
            np.testing.assert_allclose(result[name][:, place], array[:, 0], rtol=1e-5, atol=1e-5)


def test_what_a_file_does_not_carry_costs_nothing():
    """The body of a plain sample searches no best symbols, multiplies and cuts nothing."""
    model = TableModel.drawn(0)

    def body(search, *inputs):
        (loop,) = (node for node in model.graph(search, inputs=inputs).nodes if node.op == "loop")
        return Counter(node.op for node in loop.body.nodes)

    plain = body(Sample(n_best=4, seed=8))
    assert not plain["top"]
    assert plain["cumsum"] == 1
    assert plain == body(Sample(), "n_best", "seed")
    assert (body(Sample(temperature=2.0)) - plain) == {"mul": 1}
    for settings in ({"top_k": 2}, {"top_p": 0.5}):
        assert body(Sample(**settings))["top"] == 1


# -- whole models -----------------------------------------------------------------------


@pytest.mark.parametrize("name", long_but(speaking()[::2], speaking()))
def test_models_are_sampled_alike_and_scored_as_by_themselves(name):
    model = searching(name, kind="sample", n_best=3, seed=11, temperature=1.3, top_p=0.95)
    weights, inputs = trained(model), drawn(model, "decode", max_length=6)
    wanted = expected(model, "decode", weights, inputs)
    for engine in ("torch", "onnx"):
        assert_agree(PREPARED[engine](model.trace("decode"), weights)(inputs), wanted)
    if model.spec.target.length == "free":
        assert_scored(model, weights, inputs, wanted)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_further_outputs_are_those_of_each_sample(engine):
    """Attention of a sample is that of a step that is given the same symbols before."""
    name = "specs/bahdanau"
    model = searching(name, kind="sample", n_best=4)
    weights, inputs = trained(model), drawn(model, "decode", max_length=6)
    outputs = ["context.weights"]
    graph = model.trace("decode", outputs)
    run = PREPARED[engine](graph, weights) if engine else None
    result = run(inputs) if run else reference.run(graph, weights, inputs)
    rows = np.repeat(np.arange(len(result["scores"])), 4)
    target = result["tokens"].reshape(len(rows), -1)
    given = {key: array[rows] for key, array in inputs.items() if key != "max_length"}
    score = model.trace("score", outputs)
    seen = reference.run(score, weights, {**given, "target": target})[outputs[0]]
    seen = seen * (target != model.spec.special.pad)[..., None]
    np.testing.assert_allclose(result[outputs[0]].reshape(seen.shape), seen, atol=1e-5)


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_edges_of_a_model(engine):
    model = searching("specs/gru_translation", kind="sample", n_best=2)
    weights = trained(model)
    run = PREPARED[engine](model.trace("decode"), weights) if engine else None
    for rows, width, most in ((0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 3, 1)):
        inputs = drawn(model, "decode", rows=2, width=max(width, 1), max_length=most)
        inputs["source"] = inputs["source"][:rows, :width]
        inputs["source_length"] = np.minimum(inputs["source_length"], width)[:rows]
        wanted = expected(model, "decode", weights, inputs)
        assert wanted["tokens"].shape[:2] == (rows, 2)
        assert wanted["tokens"].shape[2] <= most
        if run:
            assert_agree(run(inputs), wanted)


# -- edges ------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("limit", [0, 1])
def test_few_places(limit, limited, engine):
    model = TableModel.drawn(3, limit=limit)
    result = model.found(Sample(n_best=3, seed=1), engine=engine, limited=limited)
    assert result["tokens"].shape == (model.rows, 3, limit)
    for row in range(model.rows):
        assert_is(result, row, by_hand(model, row, Drawing(), 1, 3, limited=limited))


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_no_limit_is_too_large(engine):
    """The noise is that of fewer steps; the samples are the same."""
    model = TableModel.drawn(3, limit=5)
    model.weights["table"][:, EOS] += 3
    wanted = model.found(Sample(n_best=2), limited=False)
    assert (wanted["lengths"] < 5).all()
    model.inputs["trips"] = np.array(10**12)
    assert_same(model.found(Sample(n_best=2), engine=engine, limited=False), wanted)


def test_padding_and_the_start_symbol_are_never_drawn():
    model = TableModel.drawn(2, limit=6)
    model.inputs["urge"][:, [PAD, BOS]] = 60
    result = model.found(Sample(n_best=40), ends=False, limited=False)
    assert (result["tokens"] > BOS).all()
    assert (result["scores"] < -100).all()  # the model's own, in which they are likely


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_constraints_hold_for_samples(engine):
    model = TableModel.drawn(9, limit=7)
    search = Sample(n_best=30, min_length=4, no_repeat_ngram=2)
    result = model.found(search, engine=engine, limited=False)
    assert_same(result, model.found(search, limited=False))
    assert result["lengths"].min() == 4
    for line in result["tokens"].reshape(-1, result["tokens"].shape[2]):
        pairs = [*zip(line[line > 0], line[line > 0][1:], strict=False)]
        assert len(pairs) == len({*pairs})


def test_samples_start_as_is_forced_and_hold_nothing_banned():
    model = searching("specs/gru_translation", kind="sample", n_best=20, seed=2)
    inputs = {
        **drawn(model, "decode", rows=3, max_length=8),
        "prefix": np.array([[7, 9], [8, 0], [0, 0]]),
        "banned": np.array([5, 6]),
    }
    names = ("max_length", "prefix", "banned")
    wanted = reference.run(model.trace("decode", (), names), trained(model), inputs)
    found = PREPARED["onnx"](model.trace("decode", (), names), trained(model))(inputs)
    assert_agree(found, wanted)
    assert (found["tokens"][0, :, :2] == [7, 9]).all()
    assert (found["tokens"][1, :, 0] == 8).all()
    assert len({*found["tokens"][2, :, 0]}) > 3
    assert not np.isin(found["tokens"], [5, 6]).any()


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_a_sample_that_cannot_go_on_is_over(engine):
    """After each of the three symbols has come once, and none may come again, nor the end."""
    model = TableModel.drawn(9, limit=7)
    search = Sample(n_best=5, min_length=20, no_repeat_ngram=1)
    result = model.found(search, engine=engine, limited=False)
    assert (np.sort(result["tokens"][:, :, :3], axis=2) == [3, 4, 5]).all()
    assert not result["tokens"][:, :, 3:].any()
    assert (result["lengths"] == 3).all()
    assert (result["scores"] > -100).all()


def test_a_penalty_changes_what_is_drawn_and_not_the_scores():
    model = TableModel.drawn(9, limit=7)
    result = model.found(Sample(n_best=30, repetition_penalty=5.0), limited=False)
    plain = model.found(Sample(n_best=30), limited=False)
    assert (result["tokens"] != plain["tokens"]).any()
    for row in range(model.rows):
        for tokens, length, scores in zip(
            *(result[name][row] for name in ("tokens", "lengths", "token_scores")), strict=True
        ):
            step = model.step(row)
            for i in range(length):
                wanted = step([tuple(tokens[:i])])[0][0][tokens[i]]
                np.testing.assert_allclose(scores[i], wanted)


def test_a_spec_asks_for_no_longer_samples_than_there_are():
    text = """
    source: {tokens: ids, size: 9}
    target: {tokens: ids, size: 9}
    encoder: [{embedding: 4}]
    decoder: [{embedding: 4}, output]
    search: {kind: sample, max_length: 70000, temperature: 0, top_p: 0}
    """
    with pytest.raises(SpecError) as error:
        loads(text)
    for part in (f"at most {LONGEST} symbols", "temperature", "top_p"):
        assert part in str(error.value)
