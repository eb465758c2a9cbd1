"""Scores, windows and coverage against their formulas, step by step in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import assert_agree, expected, model_of
from engines import PREPARED
from single_layers import (
    LENGTHS,
    assert_everywhere,
    before,
    doubles,
    given,
    in_decoder,
    inputs_of,
    sigmoid,
)

WIDTH = 5


def dot(w, s, h, covered):
    return h @ s


def scaled_dot(w, s, h, covered):
    return h @ s / np.sqrt(len(s))


def general(w, s, h, covered):
    return (h @ w["key"].T) @ s * w.get("scale", 1)


def concat(w, s, h, covered):
    whole = np.concatenate([w["query"], w["key"]], 1)
    return np.array([w["score"] @ np.tanh(whole @ np.concatenate([s, row])) for row in h])


def additive(w, s, h, covered):
    hidden = w["query"] @ s + h @ w["key"].T + w.get("bias", 0)
    if "coverage" in w:
        hidden = hidden + np.outer(covered, w["coverage"])
    v = w["score"]
    if "gain" in w:
        v = w["gain"] * v / np.sqrt((v**2).sum())
    return np.tanh(hidden) @ v


def location(w, s, h, covered):
    scores = w["weight"] @ s
    return np.array([scores[j] if j < len(scores) else -np.inf for j in range(len(h))])


def local_m(w, s, length, step, width):
    return float(step), lambda j: 1.0


def local_p(w, s, length, step, width):
    centre = length * sigmoid(w["centre_score"] @ np.tanh(w["centre"] @ s))
    return centre, lambda j: np.exp(-((j - centre) ** 2) / (2 * (width / 2) ** 2))


WINDOWS = {"local_m": local_m, "local_p": local_p}
SCORES = [
    (dot, {}),
    (scaled_dot, {}),
    (general, {}),
    (general, {"scale": True}),
    (concat, {"size": 6}),
    (concat, {}),
    (additive, {"size": 6}),
    (additive, {}),
    (additive, {"bias": False}),
    (additive, {"normalize": True}),
    (additive, {"coverage": True}),
    (additive, {"coverage": True, "normalize": True, "size": 3}),
    (location, {"positions": 3}),
    (location, {"positions": 9}),
]


def attended(w, score, window, width, queries, memory, length):
    """Contexts and weights of one row, for its queries in their order."""
    covered, contexts, weights = np.zeros(WIDTH), [], []
    for step, s in enumerate(queries):
        scores = score(w, s, memory, covered)
        factor, seen = (lambda j: 1.0), [j for j in range(WIDTH) if j < length]
        if window:
            centre, factor = window(w, s, length, step, width)
            seen = [j for j in seen if centre - width <= j <= centre + width]
        seen = [j for j in seen if scores[j] > -np.inf]
        shares = np.zeros(WIDTH)
        top = max((scores[j] for j in seen), default=0)
        total = sum(np.exp(scores[j] - top) for j in seen)
        for j in seen:
            shares[j] = np.exp(scores[j] - top) / total * factor(j)
        covered = covered + shares
        contexts.append(shares @ memory)
        weights.append(shares)
    return np.array(contexts), np.array(weights)


@pytest.mark.parametrize("window", [None, ("local_m", 1), ("local_p", 2), ("local_p", 1)])
@pytest.mark.parametrize("item", SCORES, ids=lambda item: f"{item[0].__name__} {item[1]}")
def test_scores_and_windows(item, window):
    score, settings = item
    more = {"window": {"kind": window[0], "width": window[1]}} if window else {}
    layer = {"name": "c", "query": "input", "score": score.__name__, **settings, **more}
    model = in_decoder([{"attention": layer}], wanted=("c", "c.weights"), source=4)
    weights, exact = doubles(model, seed=3)
    w = {path.removeprefix("decoder.c."): array for path, array in exact.items()}
    inputs = inputs_of(model, width=WIDTH, time=7)
    queries, memory = before(inputs["target"]), given(inputs)
    hand = [
        attended(w, score, WINDOWS[window[0]] if window else None, window and window[1], q, m, n)
        for q, m, n in zip(queries, memory, LENGTHS, strict=True)
    ]
    contexts, shares = (np.stack(part) for part in zip(*hand, strict=True))
    assert_everywhere(model, weights, inputs, {"c": contexts, "c.weights": shares})
    whole = shares.sum(-1)
    if window is None and score is not location:
        np.testing.assert_allclose(whole[LENGTHS > 0], 1)
    np.testing.assert_array_equal(whole[LENGTHS == 0], 0)


def test_memory_may_be_another_encoder_or_another_layer():
    model = model_of(
        {
            "source": {"one": {"features": 3}, "two": {"features": 4}},
            "target": {"features": 4},
            "memory": "one",
            "encoders": {
                "one": [{"rnn": 4}],
                "two": [{"concat": {"name": "x", "from": "input"}}, {"rnn": 4}],
            },
            "decoder": [
                {"attention": {"name": "a", "query": "input", "score": "dot"}},
                {"attention": {"name": "b", "query": "input", "score": "dot", "memory": "two.x"}},
                {"attention": {"name": "c", "query": "input", "score": "dot", "memory": "two"}},
                {"output": {"from": ["a", "b", "c"]}},
            ],
            "outputs": ["a", "b", "c", "one.rnn", "two.rnn"],
        }
    )
    weights, _ = doubles(model)
    random = np.random.default_rng(0)
    inputs = {
        "one": random.standard_normal((4, 5, 3)).astype(np.float32),
        "one_length": LENGTHS,
        "two": random.standard_normal((4, 6, 4)).astype(np.float32),
        "two_length": np.array([6, 3, 1, 0]),
        "target": random.standard_normal((4, 3, 4)).astype(np.float32),
    }
    found = expected(model, "teach", weights, inputs)
    queries = before(inputs["target"])
    for name, memory, lengths in (
        ("a", found["one.rnn"], inputs["one_length"]),
        ("b", inputs["two"].astype(np.float64), inputs["two_length"]),
        ("c", found["two.rnn"], inputs["two_length"]),
    ):
        for row, length in enumerate(lengths):
            m = memory[row, :length]
            scores = queries[row] @ m.T
            shares = np.exp(scores - scores.max(-1, keepdims=True)) if length else scores
            hand = shares / shares.sum(-1, keepdims=True) @ m if length else np.zeros((3, 4))
            np.testing.assert_allclose(found[name][row], hand, rtol=1e-6, atol=1e-7)
    for prepare in PREPARED.values():
        assert_agree(prepare(model.trace("teach"), weights)(inputs), found)


# -- the classic wrapper ------------------------------------------------------------------


@pytest.mark.parametrize("size", [None, 3])
@pytest.mark.parametrize("score", ["additive", "general"])
def test_attention_wrapper(score, size):
    """An LSTM cell on [y; attention before], and the score with its new output.

    The attention is a dense layer without bias over [output; context], or the context itself.
    """
    fed = "attended" if size else "c"
    settings = {"size": 3, "bias": False} if score == "additive" else {}
    items = [
        {"lstm": {"name": "state", "from": ["input", f"prev.{fed}"], "size": 2}},
        {"attention": {"name": "c", "query": "state", "score": score, **settings}},
    ]
    if size:
        items.append(
            {"dense": {"name": "attended", "from": ["state", "c"], "size": size, "bias": False}}
        )
    model = in_decoder(items, wanted=("state", fed), features=1, encoder=[{"lstm": 2}], source=5)
    weights, w = doubles(model)
    inputs = inputs_of(model)
    encoded = in_decoder(
        items, wanted=("encoder.lstm",), features=1, encoder=[{"lstm": 2}], source=5
    )
    memory = expected(encoded, "teach", weights, inputs)["encoder.lstm"]
    queries = before(inputs["target"])
    cells, attentions = [], []
    for row, length in enumerate(LENGTHS):
        h, c, a = np.zeros(2), np.zeros(2), np.zeros(size or 2)
        for y in queries[row]:
            x = np.concatenate([y, a])
            sums = w["decoder.state.input"] @ x + w["decoder.state.input_bias"]
            i, f, g, o = np.split(sums + w["decoder.state.state"] @ h, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            m = memory[row, :length]
            if score == "additive":
                hidden = m @ w["decoder.c.key"].T + w["decoder.c.query"] @ h
                scores = np.tanh(hidden) @ w["decoder.c.score"]
            else:
                scores = (m @ w["decoder.c.key"].T) @ h
            shares = np.exp(scores) / max(np.exp(scores).sum(), 1e-300)
            context = shares @ m if length else np.zeros(2)
            a = w["decoder.attended.weight"] @ np.concatenate([h, context]) if size else context
            cells.append(h)
            attentions.append(a)
    shape = (*queries.shape[:2], -1)
    hand = {"state": np.reshape(cells, shape), fed: np.reshape(attentions, shape)}
    assert_everywhere(model, weights, inputs, hand)


def test_seed_attention_is_the_wrapper():
    """The example spec has the very parts of that sample, and no others."""
    from compiled import example

    shapes = example("specs/seed_attention", small=False).weights
    assert {path: shape for path, shape in shapes.items() if path.startswith("decoder.")} == {
        "decoder.state.input": (8, 3),
        "decoder.state.state": (8, 2),
        "decoder.state.input_bias": (8,),
        "decoder.context.query": (3, 2),
        "decoder.context.key": (3, 2),
        "decoder.context.score": (3,),
        "decoder.output.weight": (1, 2),
        "decoder.output.bias": (1,),
    }
