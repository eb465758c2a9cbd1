"""Attention with heads and Transformer layers against torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from compiled import expected, model_of
from single_layers import (
    LENGTHS,
    OWN,
    assert_everywhere,
    before,
    doubles,
    in_decoder,
    in_encoder,
    inputs_of,
)
from torch import nn

MAIN = LENGTHS > 0
"""Rows that torch gives numbers for: it has NaN where every place is masked."""


def tensor(array):
    return torch.from_numpy(np.asarray(array, np.float64))


def heads_into(module, w, prefix):
    """Our four products in torch's layout: query, key and value in one weight."""
    parts = ("query", "key", "value")
    state = {
        "in_proj_weight": np.concatenate([w[f"{prefix}{p}"] for p in parts]),
        "in_proj_bias": np.concatenate([w[f"{prefix}{p}_bias"] for p in parts]),
        "out_proj.weight": w[f"{prefix}out"],
        "out_proj.bias": w[f"{prefix}out_bias"],
    }
    module.load_state_dict({path: tensor(array) for path, array in state.items()})


def test_self_attention_of_an_encoder():
    model = in_encoder({"self_attention": {"heads": 2}}, features=6)
    weights, exact = doubles(model)
    inputs = inputs_of(model)
    module = nn.MultiheadAttention(6, 2, batch_first=True).double()
    heads_into(module, exact, "encoder.x.")
    x = tensor(inputs["source"])
    with torch.no_grad():
        y, _ = module(x, x, x, key_padding_mask=torch.from_numpy(~OWN))
    assert_everywhere(model, weights, inputs, {"encoder.x": y.numpy()}, behind=False)


@pytest.mark.parametrize("size", [None, 8])
def test_attention_with_heads_over_the_encoder(size):
    model = in_decoder(
        [
            {
                "attention": {
                    "name": "c",
                    "query": "input",
                    "score": "scaled_dot",
                    "heads": 2,
                    **({"size": size} if size else {}),
                }
            }
        ],
        wanted=("c", "c.weights"),
    )
    weights, exact = doubles(model)
    inputs = inputs_of(model)
    w = {path.removeprefix("decoder.c."): a for path, a in exact.items()}
    x = before(inputs["target"])
    memory = inputs["source"].astype(np.float64)

    def split(y):
        return y.reshape(*y.shape[:-1], 2, -1).swapaxes(1, 2)

    q = split(x @ w["query"].T + w["query_bias"])
    k, v = (split(memory @ w[n].T + w[f"{n}_bias"]) for n in ("key", "value"))
    scores = np.where(OWN[:, None, None], q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1]), -np.inf)
    with np.errstate(invalid="ignore"):
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares = np.nan_to_num(shares / shares.sum(-1, keepdims=True))
    found = (shares @ v).swapaxes(1, 2).reshape(*x.shape[:2], -1)
    y = found @ w["out"].T + w["out_bias"]
    assert_everywhere(model, weights, inputs, {"c": y, "c.weights": shares.mean(1)})


def layer_weights(w, attention, feed_forward, norms):
    """Our layer as torch's TransformerEncoderLayer or DecoderLayer."""
    state = {}
    for theirs, ours in attention.items():
        module = nn.MultiheadAttention(6, 2)
        heads_into(module.double(), w, ours)
        state |= {f"{theirs}.{path}": value for path, value in module.state_dict().items()}
    for theirs, ours in (("linear1", "up"), ("linear2", "down")):
        state[f"{theirs}.weight"] = tensor(w[f"{feed_forward}{ours}"])
        state[f"{theirs}.bias"] = tensor(w[f"{feed_forward}{ours}_bias"])
    for theirs, ours in norms.items():
        state[f"{theirs}.weight"] = tensor(w[f"{ours}norm"])
        state[f"{theirs}.bias"] = tensor(w[f"{ours}norm_bias"])
    return state


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("residual", ["pre", "post"])
def test_encoder_layer(residual, activation):
    model = model_of(
        {
            "source": {"features": 6},
            "target": {"features": 1},
            "encoder": [
                {"self_attention": {"heads": 2, "residual": residual}},
                {
                    "feed_forward": {
                        "name": "x",
                        "size": 7,
                        "residual": residual,
                        "activation": activation,
                    }
                },
            ],
            "decoder": [{"dense": {"from": ["input", "encoder.mean"], "size": 2}}, "output"],
            "outputs": ["encoder.x"],
        }
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    layer = nn.TransformerEncoderLayer(
        6, 2, 7, 0.0, activation, batch_first=True, norm_first=residual == "pre"
    ).double()
    attention, up = "encoder.self_attention.", "encoder.x."
    layer.load_state_dict(
        layer_weights(w, {"self_attn": attention}, up, {"norm1": attention, "norm2": up})
    )
    layer.train()  # the fast path of eval rounds in its own way; there is no dropout
    with torch.no_grad():
        y = layer(tensor(inputs["source"]), src_key_padding_mask=torch.from_numpy(~OWN)).numpy()
    assert_everywhere(model, weights, inputs, {"encoder.x": y}, behind=False)


@pytest.mark.parametrize("residual", ["pre", "post"])
def test_decoder_layer(residual):
    model = in_decoder(
        [
            {"self_attention": {"heads": 2, "residual": residual}},
            {"attention": {"score": "scaled_dot", "heads": 2, "residual": residual}},
            {"feed_forward": {"name": "x", "size": 7, "residual": residual}},
        ],
        wanted=("x",),
        features=6,
        source=6,
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    layer = nn.TransformerDecoderLayer(
        6, 2, 7, 0.0, batch_first=True, norm_first=residual == "pre"
    ).double()
    own, cross, up = "decoder.self_attention.", "decoder.attention.", "decoder.x."
    layer.load_state_dict(
        layer_weights(
            w,
            {"self_attn": own, "multihead_attn": cross},
            up,
            {"norm1": own, "norm2": cross, "norm3": up},
        )
    )
    x = before(inputs["target"])
    causal = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=torch.float64)
    with torch.no_grad():
        y = layer(
            tensor(x),
            tensor(inputs["source"]),
            tgt_mask=causal,
            memory_key_padding_mask=torch.from_numpy(~OWN),
        ).numpy()
    found = expected(model, "teach", weights, inputs)["x"]
    np.testing.assert_allclose(found[MAIN], y[MAIN], rtol=1e-5, atol=1e-6)
    assert np.isfinite(found).all()
    assert_everywhere(model, weights, inputs, {})
