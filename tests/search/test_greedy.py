"""Greedy search over a table of chances, against a search by hand."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, model_of, trained
from engines import PREPARED

from s2sgraph.graph import reference
from s2sgraph.graph.ops import add, take
from s2sgraph.graph.trace import trace, weight
from s2sgraph.graph.types import parse
from s2sgraph.search.greedy import Greedy
from s2sgraph.search.rules import Decoder, Rules
from s2sgraph.spec.sides import Special

SYMBOLS, PAD, BOS, EOS = 6, 0, 1, 2
INPUTS = {
    "urge": parse("float[batch, symbol=6]"),
    "limits": parse("int[batch]"),
    "trips": parse("int"),
}


def unused():
    raise AssertionError("greedy search asks for no attention")


def graph_of(*, ends=True, limited=True):
    def function(urge, limits, trips):
        def step(token):
            table = weight("table", parse("float[before=6, symbol=6]"))
            return add(take(table, token, over="before"), urge), {}

        search = Greedy()
        settings = {setting.name: setting.value for setting in search.settings()}
        limit = limits if limited else None
        rules = Rules(Special(), trips, limit, ends, settings, SYMBOLS)
        return search.search(Decoder(step, unused, unused), rules)

    return trace(function, INPUTS, mode="decode")


def by_hand(table, urge, limits, trips, *, ends=True, limited=True):
    rows = []
    for row, limit in zip(urge, limits, strict=True):
        tokens, score, before = [], 0.0, BOS
        while len(tokens) < min(trips, limit if limited else trips):
            logits = table[before] + row
            chances = logits - np.log(np.exp(logits).sum())
            chances[[PAD, BOS]] = -np.inf
            before = int(np.argmax(chances))  # the lowest id wins a tie
            tokens.append(before)
            score += chances[before]
            if ends and before == EOS:
                break
        rows.append((tokens, score))
    width = max(len(tokens) for tokens, _ in rows)
    padded = [tokens + [PAD] * (width - len(tokens)) for tokens, _ in rows]
    return {
        "tokens": np.array(padded).reshape(len(rows), width),
        "lengths": np.array([len(tokens) for tokens, _ in rows]),
        "scores": np.array([score for _, score in rows]),
    }


def case(seed, rows=7):
    random = np.random.default_rng(seed)
    return {
        "table": random.standard_normal((SYMBOLS, SYMBOLS)).astype(np.float32),
        "urge": random.standard_normal((rows, SYMBOLS)).astype(np.float32) * 2,
        "limits": random.integers(0, 9, rows),
    }


def compare(drawn, trips, engine=None, **settings):
    graph = graph_of(**settings)
    inputs = {"urge": drawn["urge"], "limits": drawn["limits"], "trips": np.array(trips)}
    weights = {"table": drawn["table"]}
    if engine:
        found = PREPARED[engine](graph, weights)(inputs)
    else:
        found = reference.run(graph, weights, inputs)
    hand = by_hand(drawn["table"].astype(float), drawn["urge"], drawn["limits"], trips, **settings)
    axes = dict(zip(graph.output_names, (value.axes for value in graph.outputs), strict=True))
    for name, array in hand.items():
        ours = np.asarray(found[name])
        ours = np.moveaxis(ours, axes[name].index("batch"), 0)
        ours = ours.take(0, 1 + [a for a in axes[name] if a != "batch"].index("n_best"))
        np.testing.assert_allclose(ours, array, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("trips", [0, 1, 4, 12])
def test_greedy_by_hand(trips, ends, limited):
    for seed in range(5):
        compare(case(seed), trips, ends=ends, limited=limited)


@pytest.mark.parametrize("engine", PREPARED)
def test_engines_search_alike(engine):
    for ends in (True, False):
        compare(case(1), 6, engine, ends=ends)


@pytest.mark.parametrize("engine", [None, *PREPARED])
def test_the_lowest_id_wins_a_tie(engine):
    drawn = case(0, rows=2)
    drawn["table"][:] = 0
    drawn["urge"][:] = 0
    drawn["urge"][:, [3, 5]] = 1.5
    drawn["limits"][:] = 3
    compare(drawn, 3, engine)


@pytest.mark.parametrize("engine", [None, *PREPARED])
def test_padding_and_the_start_symbol_are_never_chosen(engine):
    drawn = case(0)
    drawn["urge"][:, [PAD, BOS]] = 50
    compare({**drawn, "limits": drawn["limits"] * 0 + 4}, 4, engine)


@pytest.mark.parametrize(("ratio", "most"), [(0.5, 256), (1.5, 4), (2.0, 256)])
def test_the_limit_by_the_length_of_the_source(ratio, most):
    """The smaller of the two limits holds, for each sentence its own."""
    data = {
        "source": {"tokens": "ids", "size": 9},
        "target": {"tokens": "ids", "size": 9},
        "encoder": [{"embedding": 4}],
        "decoder": [
            {"embedding": 4},
            {"dense": {"from": ["embedding", "encoder.mean"], "size": 4}},
            "output",
        ],
        "search": {"kind": "greedy", "max_length": most, "max_length_ratio": ratio},
    }
    model = model_of(data)
    weights = trained(model)
    weights["decoder.output.bias"][EOS] = -100
    lengths = np.array([5, 3, 1, 0, 2])
    inputs = {
        "source": np.full((5, 5), 4),
        "source_length": lengths,
        "max_length": np.array(-1),
    }
    wanted = reference.run(model.trace("decode"), weights, inputs)
    np.testing.assert_array_equal(
        wanted["lengths"][:, 0], np.minimum((lengths * ratio).astype(int), most)
    )
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("decode"), weights)(inputs), wanted)
