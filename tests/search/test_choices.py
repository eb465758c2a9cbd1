"""What a search must not choose: from one file, by its inputs, against a search by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from beam_by_hand import Settings, beam_search
from compiled import model_of, trained
from engines import PREPARED

from s2sgraph.graph import reference

SYMBOLS, LIMIT, ROWS = 9, 7, 3
INPUTS = (
    *("max_length", "min_length", "banned", "prefix"),
    *("no_repeat_ngram", "repetition_penalty"),
)
LEAVE = {
    "max_length": -1,
    "min_length": -1,
    "no_repeat_ngram": -1,
    "repetition_penalty": -1.0,
    "banned": np.zeros(0, int),
    "prefix": np.zeros((ROWS, 0), int),
}
CASES = {
    "nothing": {},
    "a least length": {"min_length": 4},
    "the longest at least": {"min_length": LIMIT},
    "banned symbols": {"banned": np.array([4, 6, 7])},
    "banned without meaning": {"banned": np.array([-3, 99, 0])},
    "the end is banned": {"banned": np.array([2])},
    "prefixes": {"prefix": np.array([[5, 6, 4], [7, 0, 0], [0, 0, 0]])},
    "a prefix that ends": {"prefix": np.array([[5, 2, 4], [2, 0, 0], [4, 4, 4]])},
    "a prefix that ends too early": {
        "prefix": np.array([[5, 2, 0], [2, 0, 0], [4, 4, 4]]),
        "min_length": 5,
        "banned": np.array([2]),
    },
    "a prefix of what is banned": {"prefix": np.array([[5], [5], [5]]), "banned": np.array([5])},
    "no symbol twice": {"no_repeat_ngram": 1, "min_length": LIMIT},
    "no pair twice": {"no_repeat_ngram": 2, "min_length": LIMIT},
    "no three twice": {"no_repeat_ngram": 3, "min_length": LIMIT},
    "repetition costs": {"repetition_penalty": 1.7, "min_length": LIMIT},
    "all of them": {
        "min_length": 3,
        "banned": np.array([8]),
        "prefix": np.array([[4, 4], [0, 0], [5, 0]]),
        "no_repeat_ngram": 2,
        "repetition_penalty": 1.2,
    },
}


@cache
def model(kind: str):
    """A model that repeats itself much, with a search of this kind."""
    side = {"tokens": "ids", "size": SYMBOLS}
    search = {"kind": kind, "max_length": LIMIT}
    if kind == "beam":
        search |= {"beams": 3, "n_best": 3}
    data = {
        "source": side,
        "target": side,
        "encoder": [{"embedding": 6}, {"gru": 8}],
        "decoder": [
            {"embedding": 6},
            {"gru": {"size": 8, "start": "encoder.final"}},
            {"attention": {"name": "context", "query": "gru"}},
            {"output": {"from": ["gru", "context"]}},
        ],
        "search": search,
    }
    return model_of(data)


@cache
def weights(seed: int = 3):
    found = trained(model("greedy"), seed)
    found["decoder.output.weight"] *= 3
    return found


def sources():
    source = np.random.default_rng(1).integers(4, SYMBOLS, (ROWS, 5))
    return {"source": source, "source_length": np.array([5, 3, 1])}


def logits(row: int, prefixes) -> np.ndarray:
    """The scores of the next symbol after each prefix of one row."""
    given = {name: np.repeat(array[row : row + 1], len(prefixes), 0)
             for name, array in sources().items()}  # fmt: skip
    target = np.array([[*prefix, 4] for prefix in prefixes])
    graph = model("greedy").trace("teach")
    return reference.run(graph, weights(), {**given, "target": target})["logits"][:, -1]


def log_softmax(x: np.ndarray) -> np.ndarray:
    return (
        x
        - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - x.max(-1, keepdims=True)
    )


def allowed(row: int, prefix, scores: np.ndarray, given) -> np.ndarray:
    """The log-probabilities after one prefix, those of symbols that must not come -inf."""
    penalty = given["repetition_penalty"]
    if penalty > 1:
        for symbol in {*prefix}:
            scores[symbol] = (
                scores[symbol] / penalty if scores[symbol] > 0 else (scores[symbol] * penalty)
            )
    free = log_softmax(scores)
    chances = free.copy()
    chances[[0, 1, *(i for i in given["banned"] if 0 <= i < SYMBOLS)]] = -np.inf
    if len(prefix) + 1 < given["min_length"]:
        chances[2] = -np.inf
    size = given["no_repeat_ngram"]
    if size > 0 and len(prefix) >= size - 1:
        last = (*prefix[len(prefix) - size + 1 :],)
        for start in range(len(prefix) - size + 1):
            if (*prefix[start : start + size - 1],) == last:
                chances[prefix[start + size - 1]] = -np.inf
    forced = given["prefix"][row][len(prefix)] if len(prefix) < given["prefix"].shape[1] else 0
    if forced:
        chances = np.where(np.arange(SYMBOLS) == forced, free, -np.inf)
    return chances


def by_hand(row: int, given, beams: int):
    def step(prefixes):
        found = logits(row, prefixes)
        rows = [allowed(row, p, scores, given) for p, scores in zip(prefixes, found, strict=True)]
        return np.array(rows), np.zeros((len(prefixes), 1))

    return beam_search(step, 1, Settings(beams=beams, n_best=beams, limit=LIMIT)).best


def settings(case: str):
    return {**LEAVE, **CASES[case]}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_by_hand(kind, case):
    given = settings(case)
    graph = model(kind).trace("decode", inputs=INPUTS)
    found = reference.run(graph, weights(), {**sources(), **given})
    beams = 3 if kind == "beam" else 1
    for row in range(ROWS):
        best = [h for h in by_hand(row, given, beams) if h.score > -np.inf]
        for place, wanted in enumerate(best[:beams]):
            length = found["lengths"][row, place]
            assert (*found["tokens"][row, place, :length],) == wanted.tokens
            own = found["ranking" if kind == "beam" else "scores"][row, place]
            if kind == "beam" or given["repetition_penalty"] <= 1:
                np.testing.assert_allclose(own, wanted.score, atol=1e-9)
        if kind == "beam":
            assert (found["scores"][row, len(best) :] == -np.inf).all()


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_engines_from_one_file(kind, engine):
    chosen = model(kind)
    run = PREPARED[engine](chosen.trace("decode", inputs=INPUTS), weights())
    for case in CASES:
        given = {**sources(), **settings(case)}
        wanted = reference.run(chosen.trace("decode", inputs=INPUTS), weights(), given)
        found = run(given)
        np.testing.assert_array_equal(found["tokens"], wanted["tokens"], err_msg=case)
        np.testing.assert_allclose(found["scores"], wanted["scores"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_constants_are_the_inputs(kind):
    """A setting in the spec does what the input does."""
    spec = model(kind).spec
    for case, key in (("a least length", "min_length"), ("no pair twice", "no_repeat_ngram")):
        given = settings(case)
        wanted = reference.run(
            model(kind).trace("decode", inputs=INPUTS), weights(), {**sources(), **given}
        )
        changed = {f"search.{n}": CASES[case][n] for n in ("min_length", key)}
        from s2sgraph.model import compile as compile_model

        own = compile_model(spec.set(changed)).trace("decode", inputs=())
        found = reference.run(own, weights(), sources())
        np.testing.assert_array_equal(found["tokens"], wanted["tokens"])
