"""What a decoder's state is before its first step, for every kind of start."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from compiled import expected
from single_layers import (
    LENGTHS,
    assert_everywhere,
    before,
    doubles,
    in_decoder,
    inputs_of,
    sigmoid,
)
from torch import nn


@pytest.mark.parametrize("activation", ["none", "tanh", "relu"])
@pytest.mark.parametrize("start", ["zeros", "learned", "copy", "last", "dense", "mean"])
def test_starts(start, activation):
    forms = {
        "copy": "encoder.final",
        "last": {"last": "encoder.final"},
        "dense": {"dense": "encoder.final", "activation": activation},
        "mean": {"mean": "encoder", "activation": activation},
    }
    model = in_decoder(
        [
            {"gru": {"name": "x", "size": 4, "start": forms.get(start, start)}},
            {"dense": {"name": "y", "from": ["x", "encoder.mean"], "size": 2}},
        ],
        wanted=("x", "encoder.final", "encoder.e"),
        encoder=[{"gru": {"name": "e", "size": 2, "direction": "both"}}],
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    found = expected(model, "teach", weights, inputs)
    final, values = found["encoder.final"], found["encoder.e"]
    mean = np.stack([v[:n].sum(0) / max(n, 1) for v, n in zip(values, LENGTHS, strict=True)])
    function = {"none": lambda x: x, "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}[
        activation
    ]
    linear = lambda x: function(x @ w["decoder.x.start"].T + w["decoder.x.start_bias"])  # noqa: E731
    h = {
        "zeros": lambda: np.zeros((4, 4)),
        "learned": lambda: np.tile(w["decoder.x.start"], (4, 1)),
        "copy": lambda: final,
        "last": lambda: final,
        "dense": lambda: linear(final),
        "mean": lambda: linear(mean),
    }[start]()
    outputs = []
    for y in np.moveaxis(before(inputs["target"]), 1, 0):
        r, z, n = np.split(y @ w["decoder.x.input"].T + w["decoder.x.input_bias"], 3, -1)
        ur, uz, un = np.split(h @ w["decoder.x.state"].T + w["decoder.x.state_bias"], 3, -1)
        z = sigmoid(z + uz)
        h = (1 - z) * np.tanh(n + sigmoid(r + ur) * un) + z * h
        outputs.append(h)
    assert_everywhere(model, weights, inputs, {"x": np.stack(outputs, 1)})


def test_a_copied_start_goes_layer_by_layer_h_to_h_and_c_to_c():
    """Two LSTM layers onto two: torch started with torch's own final states."""
    model = in_decoder(
        [
            {"lstm": {"name": "x", "size": 4, "layers": 2, "start": "encoder.final"}},
            {"dense": {"name": "y", "from": ["x", "encoder.mean"], "size": 2}},
        ],
        wanted=("x",),
        encoder=[{"lstm": {"name": "e", "size": 2, "layers": 2, "direction": "both"}}],
    )
    weights, w = doubles(model)
    inputs = inputs_of(model)
    modules = {}
    for prefix, features, size, ways in (
        ("encoder.e.", 3, 2, ("forwards.", "backwards.")),
        ("decoder.x.", 4, 4, ("",)),
    ):
        module = nn.LSTM(features, size, 2, batch_first=True, bidirectional=len(ways) == 2).double()
        state = {}
        for layer in range(2):
            for way in ways:
                end = f"_l{layer}" + "_reverse" * (way == "backwards.")
                state[f"weight_ih{end}"] = w[f"{prefix}{layer}.{way}input"]
                state[f"weight_hh{end}"] = w[f"{prefix}{layer}.{way}state"]
                state[f"bias_ih{end}"] = w[f"{prefix}{layer}.{way}input_bias"]
                state[f"bias_hh{end}"] = 0 * w[f"{prefix}{layer}.{way}input_bias"]
        module.load_state_dict({key: torch.from_numpy(array) for key, array in state.items()})
        modules[prefix] = module
    rows = []
    for row, length in enumerate(LENGTHS):
        start = None
        if length:
            source = torch.from_numpy(inputs["source"][row : row + 1, :length].astype(np.float64))
            _, (h, c) = modules["encoder.e."](source)
            # both directions of one layer side by side
            start = tuple(
                s.view(2, 2, 1, 2).transpose(1, 2).reshape(2, 1, 4).contiguous() for s in (h, c)
            )
        given_ = torch.from_numpy(before(inputs["target"])[row : row + 1])
        rows.append(modules["decoder.x."](given_, start)[0][0].detach().numpy())
    assert_everywhere(model, weights, inputs, {"x": np.stack(rows)})
