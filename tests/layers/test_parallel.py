"""Layers without a state, against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from compiled import expected, model_of
from single_layers import (
    LENGTHS,
    assert_everywhere,
    before,
    doubles,
    given,
    in_decoder,
    in_encoder,
    inputs_of,
    normed,
    sigmoid,
    softmax,
)


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def swish(x):
    return x * sigmoid(x)


ACTIVATIONS = {
    "none": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "gelu": gelu,
    "swish": swish,
    "maxout": lambda x: x.reshape(*x.shape[:-1], -1, 2).max(-1),
}


def hand(layer, formula, features=6):
    model = in_encoder(layer, features=features)
    weights, exact = doubles(model)
    w = {path.removeprefix("encoder.x."): a for path, a in exact.items()}
    inputs = inputs_of(model)
    assert_everywhere(model, weights, inputs, {"encoder.x": formula(w, given(inputs))})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense(activation, bias):
    function = ACTIVATIONS[activation]
    hand(
        {"dense": {"size": 4, "activation": activation, "bias": bias}},
        lambda w, x: function(x @ w["weight"].T + w.get("bias", 0)),
    )


@pytest.mark.parametrize("activation", ["relu", "gelu", "swish", "glu", "geglu", "swiglu"])
def test_feed_forward(activation):
    gated = {"glu": sigmoid, "geglu": gelu, "swiglu": swish}

    def formula(w, x):
        y = x @ w["up"].T + w["up_bias"]
        if activation in gated:
            y = gated[activation](y) * (x @ w["gate"].T + w["gate_bias"])
        else:
            y = ACTIVATIONS[activation](y)
        return y @ w["down"].T + w["down_bias"]

    hand({"feed_forward": {"size": 7, "activation": activation}}, formula)


def test_layer_norm():
    hand({"layer_norm": {}}, lambda w, x: normed(x, w["weight"], w["bias"]))


def test_rms_norm():
    hand(
        {"rms_norm": {}},
        lambda w, x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * w["weight"],
    )


def sinusoids(count, size):
    """Vaswani 2017, 3.5, place by place."""
    table = np.zeros((count, size))
    for place in range(count):
        for feature in range(size):
            angle = place / 10000 ** (feature // 2 * 2 / size)
            table[place, feature] = math.cos(angle) if feature % 2 else math.sin(angle)
    return table


def test_sinusoidal_positions():
    hand({"positions": {"kind": "sinusoidal"}}, lambda w, x: x + sinusoids(5, 6))


def test_learned_positions_end_with_the_last():
    hand(
        {"positions": {"kind": "learned", "length": 3}},
        lambda w, x: x + w["weight"][[0, 1, 2, 2, 2]],
    )


@pytest.mark.parametrize("kind", ["sinusoidal", "learned"])
def test_positions_of_a_decoder_are_its_steps(kind):
    model = in_decoder(
        [
            {"positions": {"name": "x", "kind": kind}},
            {"dense": {"from": ["x", "encoder.mean"], "size": 2}},
        ],
        wanted=("x",),
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    table = sinusoids(4, 4) if kind == "sinusoidal" else w["decoder.x.weight"][:4]
    assert_everywhere(model, weights, inputs, {"x": before(inputs["target"]) + table})


def test_add_and_concat_copy_what_has_no_steps():
    """`encoder.mean` and `encoder.final` (without a state: the last own place) at every step."""
    items = [
        {"dense": {"name": "narrow", "from": "input", "size": 3}},
        {"add": {"name": "sum", "from": ["narrow", "encoder.mean"]}},
        {"concat": {"name": "both", "from": ["sum", "encoder.final", "input"]}},
    ]
    model = in_decoder(items, wanted=("sum", "both"))
    weights, w = doubles(model)
    inputs = inputs_of(model)
    source, x = given(inputs), before(inputs["target"])
    mean = np.stack([s[:n].sum(0) / max(n, 1) for s, n in zip(source, LENGTHS, strict=True)])
    last = np.stack([s[n - 1] * (n > 0) for s, n in zip(source, LENGTHS, strict=True)])
    narrow = x @ w["decoder.narrow.weight"].T + w["decoder.narrow.bias"]
    total = narrow + mean[:, None]
    both = np.concatenate([total, np.broadcast_to(last[:, None], total.shape), x], -1)
    assert_everywhere(model, weights, inputs, {"sum": total, "both": both})


# -- tokens -----------------------------------------------------------------------------


def tokens(encoder, decoder, output=None, **more):
    return model_of(
        {
            "source": {"tokens": "ids", "size": 9},
            "target": {"tokens": "ids", "size": 9},
            "encoder": encoder,
            "decoder": [*decoder, output or "output"],
            **more,
        }
    )


def ids():
    random = np.random.default_rng(0)
    return {
        "source": random.integers(4, 9, (4, 5)),
        "source_length": LENGTHS,
        "target": random.integers(3, 9, (4, 3)),
    }


def test_embedding_scaled_and_tied_to_the_output():
    model = tokens(
        [{"embedding": {"size": 4, "scale": True}}],
        [
            {"embedding": {"name": "e", "tied": "encoder.embedding", "scale": True}},
            {"add": {"name": "x", "from": ["e", "encoder.mean"]}},
        ],
        {"output": {"tied": "e"}},
        outputs=["e", "encoder.embedding"],
    )
    assert {*model.weights} == {"encoder.embedding.weight", "decoder.output.bias"}
    weights, w = doubles(model)
    inputs = ids()
    table = w["encoder.embedding.weight"]
    before_ = np.concatenate([np.full((4, 1), 1), inputs["target"][:, :-1]], 1)
    source, e = table[inputs["source"]] * 2, table[before_] * 2
    mean = np.stack([s[:n].sum(0) / max(n, 1) for s, n in zip(source, LENGTHS, strict=True)])
    logits = (e + mean[:, None]) @ table.T + w["decoder.output.bias"]
    assert_everywhere(
        model, weights, inputs, {"e": e, "encoder.embedding": source, "logits": logits}
    )
    chances = np.log(softmax(logits))
    scores = np.take_along_axis(chances, inputs["target"][..., None], -1)[..., 0]
    found = expected(model, "score", weights, inputs)
    np.testing.assert_allclose(found["token_scores"], scores, rtol=1e-6)
    np.testing.assert_allclose(found["scores"], scores.sum(1), rtol=1e-6)
    inputs["target"][:, 2] = 0
    found = expected(model, "score", weights, inputs)
    np.testing.assert_allclose(found["scores"], scores[:, :2].sum(1), rtol=1e-6)


@pytest.mark.parametrize("size", [4, 6])
def test_the_first_vector_in_place_of_the_start_symbol(size):
    """`first:` takes the encoder's vector as the first, through a product where sizes differ."""
    model = tokens(
        [{"embedding": 5}, {"rnn": 4}],
        [{"embedding": {"name": "e", "size": size, "first": "encoder.final"}}],
        outputs=["e", "encoder.final"],
    )
    weights, w = doubles(model)
    inputs = ids()
    final = expected(model, "teach", weights, inputs)["encoder.final"]
    if size != 4:
        final = final @ w["decoder.e.first"].T + w["decoder.e.first_bias"]
    e = w["decoder.e.weight"][inputs["target"][:, :-1]]
    assert_everywhere(model, weights, inputs, {"e": np.concatenate([final[:, None], e], 1)})


def test_gaussian_output_and_normalised_frames():
    """Sources and targets are normalised on their way in, and results are put back."""
    by = {"mean": [1.0, -2.0], "standard": [2.0, 0.5]}
    model = model_of(
        {
            "source": {"features": 2, "normalize": by},
            "target": {"features": 2, "normalize": by, "start": "source.last"},
            "encoder": [{"concat": {"name": "x", "from": "input"}}],
            "decoder": [
                {"dense": {"from": ["input", "encoder.mean"], "size": 3}},
                {"output": {"kind": "gaussian"}},
            ],
        }
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    source = (inputs["source"].astype(np.float64) - by["mean"]) / by["standard"]
    target = (inputs["target"].astype(np.float64) - by["mean"]) / by["standard"]
    mean = np.stack([s[:n].sum(0) / max(n, 1) for s, n in zip(source, LENGTHS, strict=True)])
    last = np.stack([s[n - 1] * (n > 0) for s, n in zip(source, LENGTHS, strict=True)])
    x = np.concatenate([last[:, None], target[:, :-1]], 1)
    x = np.concatenate([x, np.broadcast_to(mean[:, None], x.shape)], -1)
    y = x @ w["decoder.dense.weight"].T + w["decoder.dense.bias"]
    frames = y @ w["decoder.output.weight"].T + w["decoder.output.bias"]
    deviations = np.exp(y @ w["decoder.output.deviation"].T + w["decoder.output.deviation_bias"])
    assert_everywhere(
        model,
        weights,
        inputs,
        {"frames": frames * by["standard"] + by["mean"], "deviations": deviations * by["standard"]},
    )
