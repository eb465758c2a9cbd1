"""Recurrent layers against torch's own, and against their formulas where torch has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from compiled import assert_agree, expected
from engines import PREPARED
from s2sgraph_exporters.torch.functions.recurrences import lstm
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
)
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def theirs(word, weights, prefix, features, layers, ways, **more):
    """The layer of torch with our weights; a GRU has `state_bias` besides `input_bias`."""
    sizes = {"hidden_size": weights[f"{prefix}{names(0, 0, layers, ways)}state"].shape[1]}
    module = MODULES[word](
        features, **sizes, num_layers=layers, bidirectional=ways == 2, batch_first=True, **more
    )
    state = {}
    for layer in range(layers):
        for way in range(ways):
            ours = prefix + names(layer, way, layers, ways)
            end = f"_l{layer}{'_reverse' * way}"
            state[f"weight_ih{end}"] = weights[f"{ours}input"]
            state[f"weight_hh{end}"] = weights[f"{ours}state"]
            state[f"bias_ih{end}"] = weights[f"{ours}input_bias"]
            state[f"bias_hh{end}"] = weights.get(
                f"{ours}state_bias", 0 * weights[f"{ours}input_bias"]
            )
    module = module.double()
    module.load_state_dict({path: torch.from_numpy(array) for path, array in state.items()})
    return module


def names(layer, way, layers, ways):
    return (f"{layer}." * (layers > 1)) + (("forwards.", "backwards.")[way] * (ways > 1))


@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("word", ["lstm", "gru", "rnn", "rnn relu"])
def test_encoders_are_those_of_torch(word, layers, direction):
    word, _, activation = word.partition(" ")
    settings = {"size": 4, "layers": layers, "direction": direction}
    more = {"activation": activation} if activation else {}
    final = ("encoder.x", "encoder.x.final", *(["encoder.x.final.cell"] if word == "lstm" else []))
    model = in_encoder({word: settings | more}, wanted=final)
    weights, exact = doubles(model)
    inputs = inputs_of(model)
    ways = 2 if direction == "both" else 1
    module = theirs(
        word, exact, "encoder.x.", 3, layers, ways, **({"nonlinearity": "relu"} if more else {})
    )
    own = LENGTHS > 0  # torch packs no empty sentences; ours give zeros, the start of the state
    x = torch.from_numpy(inputs["source"][own].astype(np.float64))
    packed = pack_padded_sequence(
        x, torch.from_numpy(LENGTHS[own]), batch_first=True, enforce_sorted=False
    )
    with torch.no_grad():
        y, last = module(packed)
    y = pad_packed_sequence(y, batch_first=True, total_length=5)[0]
    last = last if isinstance(last, tuple) else (last,)
    tops = [torch.cat([*state[-ways:]], -1) for state in last]
    hand = {}
    for name, tensor in zip(final, (y, *tops), strict=False):
        array = np.zeros((len(LENGTHS), *tensor.shape[1:]))
        array[own] = tensor.numpy()
        hand[name] = array
    assert_everywhere(model, weights, inputs, hand)


@pytest.mark.parametrize("word", ["lstm", "gru", "rnn", "ssru"])
def test_backward_is_forward_on_each_sentence_turned_round(word):
    models = [in_encoder({word: {"size": 4, "direction": way}}) for way in ("backward", "forward")]
    weights, _ = doubles(models[0])
    inputs = inputs_of(models[0])
    turned = {**inputs, "source": inputs["source"].copy()}
    for row, length in enumerate(LENGTHS):
        turned["source"][row, :length] = inputs["source"][row, :length][::-1]
    forward = expected(models[1], "teach", weights, turned)["encoder.x"]
    hand = np.zeros_like(forward)
    for row, length in enumerate(LENGTHS):
        hand[row, :length] = forward[row, :length][::-1]
    assert_everywhere(models[0], weights, inputs, {"encoder.x": hand})


@pytest.mark.parametrize("word", ["lstm", "gru", "rnn"])
def test_decoders_are_those_of_torch(word):
    model = in_decoder(
        [
            {word: {"name": "x", "size": 4, "layers": 2}},
            {"dense": {"from": ["x", "encoder.mean"], "size": 2}},
        ],
        wanted=("x",),
    )
    weights, exact = doubles(model)
    inputs = inputs_of(model)
    module = theirs(word, exact, "decoder.x.", 4, 2, 1)
    with torch.no_grad():
        y = module(torch.from_numpy(before(inputs["target"])))[0]
    assert_everywhere(model, weights, inputs, {"x": y.numpy()})


# -- what torch has not ---------------------------------------------------------------------


def along(x, step, *states):
    """A step at every place of each row's own length."""
    out = np.zeros((*x.shape[:2], states[0].shape[-1]))
    for row, length in enumerate(LENGTHS):
        now = tuple(state[row] for state in states)
        for place in range(length):
            y, now = step(x[row, place], now)
            out[row, place] = y
    return out


def zeros(size=4):
    return np.zeros((len(LENGTHS), size))


def hand(settings, step, states=1):
    model = in_encoder(settings)
    weights, exact = doubles(model)
    w = {path.removeprefix("encoder.x."): a for path, a in exact.items()}
    inputs = inputs_of(model)
    y = along(inputs["source"].astype(np.float64), lambda x, s: step(w, x, s), *[zeros()] * states)
    assert_everywhere(model, weights, inputs, {"encoder.x": y})


def test_gru_with_the_reset_before_the_product():
    def step(w, x, state):
        (h,) = state
        r, z, n = np.split(w["input"] @ x + w["input_bias"], 3)
        ur, uz, un = np.split(w["state"], 3)
        r, z = sigmoid(r + ur @ h), sigmoid(z + uz @ h)
        n = np.tanh(n + un @ (r * h))
        h = (1 - z) * n + z * h
        return h, (h,)

    hand({"gru": {"size": 4, "reset": "before"}}, step)


def test_ssru():
    def step(w, x, state):
        (c,) = state
        f = sigmoid(w["forget"] @ x + w["forget_bias"])
        c = f * c + (1 - f) * (w["input"] @ x)
        return np.maximum(c, 0), (c,)

    hand({"ssru": {"size": 4}}, step)


def gates(w, name, sums, count):
    return [
        normed(part, w[f"{name}_norm"], w[f"{name}_norm_bias"]) for part in np.split(sums, count)
    ]


def test_lstm_with_layer_norm():
    """Each gate's sums are normalised, of input and of state, and c on its way out (Ba 2016)."""

    def step(w, x, state):
        h, c = state
        ours = gates(w, "input", w["input"] @ x + w["input_bias"], 4)
        i, f, g, o = (
            a + b for a, b in zip(ours, gates(w, "state", w["state"] @ h, 4), strict=True)
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(normed(c, w["cell_norm"], w["cell_norm_bias"]))
        return h, (h, c)

    hand({"lstm": {"size": 4, "layer_norm": True}}, step, states=2)


def test_rnn_with_layer_norm():
    def step(w, x, state):
        (h,) = state
        sums = gates(w, "input", w["input"] @ x + w["input_bias"], 1)[0]
        h = np.tanh(sums + gates(w, "state", w["state"] @ h, 1)[0])
        return h, (h,)

    hand({"rnn": {"size": 4, "layer_norm": True}}, step)


@pytest.mark.parametrize("reset", ["after", "before"])
def test_gru_with_layer_norm(reset):
    def step(w, x, state):
        (h,) = state
        r, z, n = gates(w, "input", w["input"] @ x + w["input_bias"], 3)
        if reset == "after":
            ur, uz, un = gates(w, "state", w["state"] @ h + w["state_bias"], 3)
            n = np.tanh(n + sigmoid(r + ur) * un)
            z = sigmoid(z + uz)
        else:
            ur, uz, un = np.split(w["state"], 3)
            products = {"reset": ur @ h, "keep": uz @ h}
            a, b = (normed(v, w[f"{k}_norm"], w[f"{k}_norm_bias"]) for k, v in products.items())
            r, z = sigmoid(r + a), sigmoid(z + b)
            n = np.tanh(n + normed(un @ (r * h), w["new_norm"], w["new_norm_bias"]))
        h = (1 - z) * n + z * h
        return h, (h,)

    hand({"gru": {"size": 4, "layer_norm": True, "reset": reset}}, step)


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("residual", [True, "pre", "post"])
def test_residual_connections(residual, norm):
    """`x + f(x)`, `x + f(norm(x))`, `norm(x + f(x))`."""
    settings = {"size": 6, "residual": residual} | ({"norm": norm} if residual is not True else {})
    model = in_encoder({"rnn": settings}, features=6)
    weights, exact = doubles(model)
    w = {path.removeprefix("encoder.x."): a for path, a in exact.items()}
    inputs = inputs_of(model)

    def norm_of(x):
        if norm == "layer_norm":
            return normed(x, w["norm"], w["norm_bias"])
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * w["norm"]

    def step(x, state):
        h = np.tanh(w["input"] @ x + w["input_bias"] + w["state"] @ state[0])
        return h, (h,)

    x = given(inputs)
    y = x + along(norm_of(x) if residual == "pre" else x, step, zeros(6))
    assert_everywhere(
        model, weights, inputs, {"encoder.x": norm_of(y) if residual == "post" else y}
    )


def test_the_cell_of_an_lstm_at_every_step():
    """`query: [state, state.cell]` reads c, and the cell is then the same as torch's."""
    model = in_decoder(
        [
            {"lstm": {"name": "x", "size": 3}},
            {"attention": {"name": "c", "query": ["x", "x.cell"], "score": "general"}},
        ],
        wanted=("x", "x.cell"),
    )
    weights, exact = doubles(model)
    inputs = inputs_of(model)
    module = theirs("lstm", exact, "decoder.x.", 4, 1, 1)
    frames = torch.from_numpy(before(inputs["target"]))
    with torch.no_grad():
        h = [module(frames[:, : n + 1])[1] for n in range(frames.shape[1])]
    hands = {
        "x": torch.stack([s[0][0] for s in h], 1),
        "x.cell": torch.stack([s[1][0] for s in h], 1),
    }
    assert_everywhere(model, weights, inputs, {k: v.numpy() for k, v in hands.items()})


def test_dropout_follows_each_cell_but_not_twice_the_last():
    model = in_encoder({"rnn": {"size": 200, "layers": 2, "dropout": 0.5}})
    weights, _ = doubles(model)
    module = model.to_torch(weights=weights)
    inputs = {name: torch.from_numpy(np.array(a)) for name, a in inputs_of(model).items()}
    inputs["source_length"] = torch.full((4,), 5)
    found = module(**inputs)["encoder.x"]
    share = float((found == 0).float().mean())
    assert 0.45 < share < 0.55


def test_kernel_and_body_agree_on_long_ragged_sequences():
    for word in ("lstm", "gru", "rnn"):
        model = in_encoder({word: {"size": 5, "direction": "both", "layers": 2}})
        weights, _ = doubles(model)
        random = np.random.default_rng(0)
        inputs = {
            "source": random.standard_normal((9, 40, 3)).astype(np.float32),
            "source_length": np.array([40, 1, 39, 0, 7, 40, 22, 2, 13]),
            "target": np.zeros((9, 1, 1), np.float32),
        }
        wanted = expected(model, "teach", weights, inputs)
        for prepare in PREPARED.values():
            assert_agree(prepare(model.trace("teach"), weights)(inputs), wanted)


@pytest.mark.parametrize("lengths", [[4, 9, 1, 0, 4, 7], [9, 6, 6, 0, 9, 6], [9, 9, 9, 4, 9, 4]])
def test_an_lstm_with_ragged_cells_equals_packed_sequences(lengths):
    """Outputs, final states and gradients, with many lengths or few, some of them zero."""
    torch.manual_seed(0)
    time, rows, size = 9, 6, 5
    length = torch.tensor(lengths)
    x, h, c = torch.randn(time, rows, 3), torch.randn(rows, size), torch.randn(rows, size)
    peer = torch.nn.LSTM(3, size)
    w, u = peer.weight_ih_l0, peer.weight_hh_l0
    bias = peer.bias_ih_l0 + peer.bias_hh_l0
    y, last, cell = lstm(x, length, h, c, w, u, bias, reverse=False, final_cell=True)
    own = length > 0
    packed = torch.nn.utils.rnn.pack_padded_sequence(x[:, own], length[own], enforce_sorted=False)
    found, (peer_last, peer_cell) = peer(packed, (h[None, own], c[None, own]))
    wanted, _ = torch.nn.utils.rnn.pad_packed_sequence(found, total_length=time)
    torch.testing.assert_close(y[:, own], wanted)
    torch.testing.assert_close(last[own], peer_last[0])
    torch.testing.assert_close(cell[own], peer_cell[0])
    torch.testing.assert_close(
        (y[:, ~own], last[~own], cell[~own]), (0 * y[:, ~own], h[~own], c[~own])
    )
    gradients = torch.autograd.grad((cell[own] ** 2).sum() + (y**2).sum(), (w, u))
    peers = torch.autograd.grad((peer_cell[0] ** 2).sum() + (wanted**2).sum(), (w, u))
    torch.testing.assert_close(gradients, peers)
