"""Dropout: of single features, of a whole sequence alike, and of whole symbols."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from compiled import model_of
from s2sgraph_exporters.torch.functions.tensors import dropout
from single_layers import LENGTHS, doubles, in_decoder, in_encoder, inputs_of
from torch import fx
from torch.nn import functional as F

from s2sgraph.passes.pipeline import simplify
from s2sgraph.spec import SpecError
from s2sgraph.spec.dumping import plain

RATES = {"input_dropout": 0.5, "state_dropout": 0.25}
CELLS = [
    {"lstm": {}}, {"gru": {}}, {"gru": {"reset": "before"}}, {"rnn": {}},
    {"rnn": {"activation": "relu"}}, {"rnn": {"layer_norm": True}},
]  # fmt: skip
NAMED = [f"{word} {' '.join(map(str, more.values()))}" for cell in CELLS for word, more in
         cell.items()]  # fmt: skip


class Recorder(fx.Interpreter):
    """Runs a module and keeps all that it draws outside of bodies, in order."""

    def __init__(self, module):
        super().__init__(module)
        self.drawn = []

    def call_function(self, target, args, kwargs):
        found = super().call_function(target, args, kwargs)
        if target is dropout:
            self.drawn.append(found)
        return found


def tensors(model, **sizes):
    return {name: torch.from_numpy(np.array(a)) for name, a in inputs_of(model, **sizes).items()}


def run(module, inputs, seed=0):
    """The outputs of a module that is training, and what it drew."""
    torch.manual_seed(seed)
    recorder = Recorder(module)
    return recorder.run(*inputs.values()), recorder.drawn


def without(settings):
    return {key: value for key, value in settings.items() if "dropout" not in key}


# -- recurrent layers ---------------------------------------------------------------------


def normed(w, name, sums):
    if not hasattr(w, f"{name}_norm"):
        return sums
    return F.layer_norm(
        sums, sums.shape, getattr(w, f"{name}_norm"), getattr(w, f"{name}_norm_bias")
    )


def lstm(w, x, seen, state):
    i, f, g, o = (w.input @ x + w.input_bias + w.state @ seen).chunk(4)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return h, (h, c)


def gru(w, x, seen, state):
    r, z, n = (w.input @ x + w.input_bias).chunk(3)
    if hasattr(w, "state_bias"):
        ur, uz, un = (w.state @ seen + w.state_bias).chunk(3)
        n = (n + (r + ur).sigmoid() * un).tanh()
    else:
        ur, uz = (w.state @ seen).chunk(3)[:2]
        n = (n + w.state.chunk(3)[2] @ ((r + ur).sigmoid() * seen)).tanh()
    z = (z + uz).sigmoid()
    h = (1 - z) * n + z * state[0]
    return h, (h,)


def rnn(activation):
    def step(w, x, seen, state):
        sums = normed(w, "input", w.input @ x + w.input_bias) + normed(w, "state", w.state @ seen)
        h = activation(sums)
        return h, (h,)

    return step


def step_of(word, settings):
    if word == "rnn":
        return rnn(torch.relu if settings.get("activation") == "relu" else torch.tanh)
    return {"lstm": lstm, "gru": gru}[word]


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("cell", CELLS, ids=NAMED)
def test_every_step_drops_the_same(cell, direction):
    """As a scan by hand with the masks that were drawn; and so are the gradients."""
    [(word, more)] = cell.items()
    model = in_encoder({word: {"size": 4, "direction": direction, **RATES, **more}})
    module = model.to_torch(weights=doubles(model)[0])
    inputs = tensors(model)
    found, drawn = run(module, inputs)
    of_x, of_h = drawn
    assert [tuple(factors.shape) for factors in drawn] == [(4, 3), (4, 4)]
    step, w, rows = step_of(word, more), module.encoder.x, []
    for row, length in enumerate(LENGTHS):
        state, out = (torch.zeros(4), torch.zeros(4)), [torch.zeros(4)] * 5
        places = range(length)
        for place in reversed(places) if direction == "backward" else places:
            x = inputs["source"][row, place] * of_x[row]
            out[place], state = step(w, x, state[0] * of_h[row], state)
        rows.append(torch.stack(out))
    hand = torch.stack(rows)
    torch.testing.assert_close(found["encoder.x"], hand)
    weights = [weight for path, weight in w.named_parameters()]
    gradients, peers = (
        torch.autograd.grad((value**2).sum(), weights) for value in (found["encoder.x"], hand)
    )
    torch.testing.assert_close(gradients, peers)
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_an_ssru_drops_what_it_reads():
    model = in_encoder({"ssru": {"size": 4, "input_dropout": 0.5}})
    module = model.to_torch(weights=doubles(model)[0])
    inputs = tensors(model)
    found, [of_x] = run(module, inputs)
    module.eval()
    alone = module(**{**inputs, "source": inputs["source"] * of_x[:, None]})
    torch.testing.assert_close(found["encoder.x"], alone["encoder.x"])


def test_an_ssru_has_no_product_of_its_state():
    with pytest.raises(SpecError) as caught:
        in_encoder({"ssru": {"size": 4, "state_dropout": 0.5}})
    assert "state_dropout: an ssru has no product of its state" in str(caught.value)
    with pytest.raises(SpecError, match="state_dropout"):
        in_encoder({"lstm": {"size": 4, "state_dropout": 1.0}})


def test_each_cell_has_masks_of_its_own():
    settings = {"size": 200, "layers": 2, "direction": "both", **RATES}
    model = in_encoder({"lstm": settings}, features=200)
    module = model.to_torch(weights=doubles(model)[0])
    inputs = tensors(model)
    _, drawn = run(module, inputs)
    assert len(drawn) == 8
    _, others = run(module, inputs, seed=1)
    seen = [row for factors in (*drawn, *others) for row in factors]
    assert len({tuple(row.tolist()) for row in seen}) == len(seen)
    for factors, rate in zip(drawn, [0.5, 0.25] * 4, strict=True):
        scale = torch.tensor([0, 1 / (1 - rate)])
        torch.testing.assert_close(factors.unique(), scale)
        assert abs(float(factors.mean()) - 1) < 0.15


FEEDING = [
    {"lstm": {"name": "x", "size": 4, "from": ["input", "prev.readout"], **RATES}},
    {"attention": {"name": "context", "query": "x", "score": "general"}},
    {"dense": {"name": "readout", "from": ["x", "context"], "size": 4}},
]


def test_masks_are_drawn_before_a_decoder_that_goes_step_by_step():
    model = in_decoder(FEEDING, wanted=("x",))
    module = model.to_torch(weights=doubles(model)[0])
    _, drawn = run(module, tensors(model))
    assert [tuple(factors.shape) for factors in drawn] == [(4, 8), (4, 4)]
    bodies = [body for name, body in module.named_modules() if name.startswith("scan")]
    assert bodies
    assert not any("dropout" in body.code for body in bodies)


MODELS = {
    "encoder": in_encoder({"lstm": {"size": 4, "layers": 2, "direction": "both", **RATES}}),
    "feeding": in_decoder(FEEDING, wanted=("x",)),
    "cell": in_decoder(
        [
            {"lstm": {"name": "x", "size": 4, **RATES}},
            {"attention": {"name": "c", "query": ["x", "x.cell"], "score": "general"}},
        ],
        wanted=("x", "x.cell"),
    ),
    "symbols": model_of(
        {
            "source": {"tokens": "ids", "size": 11},
            "target": {"tokens": "ids", "size": 11},
            "encoder": [
                {"embedding": {"size": 4, "symbol_dropout": 0.5}},
                {"ngrams": {"from": "input", "size": 4, "dropout": 0.5, "place_dropout": 0.5}},
                {"add": ["embedding", "ngrams"]},
                {"ssru": {"size": 4, "input_dropout": 0.5}},
            ],
            "decoder": [
                {"embedding": {"size": 4, "place_dropout": 0.5, "first": "encoder.final"}},
                {"gru": {"size": 4, **RATES}},
                "output",
            ],
        }
    ),
}


def dropless(model):
    """The same model without dropout."""

    def plainly(data):
        if isinstance(data, dict):
            return {key: plainly(value) for key, value in without(data).items()}
        return [plainly(item) for item in data] if isinstance(data, list | tuple) else data

    return model_of(plainly(plain(model.spec)))


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_dropped_but_in_training(name):
    model = MODELS[name]
    other = dropless(model)
    weights = model.initial(3)
    module, same = model.to_torch(weights=weights), other.to_torch(weights=weights)
    random = np.random.default_rng(0)
    if name == "symbols":
        inputs = {
            "source": torch.from_numpy(random.integers(4, 11, (4, 5))),
            "source_length": torch.from_numpy(LENGTHS),
            "target": torch.from_numpy(random.integers(4, 11, (4, 6))),
        }
    else:
        inputs = tensors(model)

    def values(found):
        return found.values() if isinstance(found, dict) else [found]

    assert any(
        not torch.equal(a, b)
        for a, b in zip(values(module(**inputs)), values(same(**inputs)), strict=True)
    )
    module, same = copy.deepcopy(module).eval(), same.eval()
    for ours, wanted in zip(values(module(**inputs)), values(same(**inputs)), strict=True):
        torch.testing.assert_close(ours, wanted, rtol=1e-6, atol=1e-6)
    for graph in ("decode", "score", "encode", "step"):
        assert operations(model, graph) == operations(other, graph)


def operations(model, name):
    graph = model.trace(name)
    simplify(graph)
    return [node.op for block in graph.blocks() for node in block.nodes]


def test_other_layers_keep_their_kernels():
    model = in_encoder({"lstm": {"size": 4, "input_dropout": 0.5}})
    assert "lstm" in operations(model, "teach")
    assert "lstm" not in operations(MODELS["encoder"], "teach")
    assert "lstm" in operations(MODELS["encoder"], "score")


# -- symbols ------------------------------------------------------------------------------


def embedded(kind="embedding", **rates):
    """A source in which symbols come again, and its vectors as training draws them."""
    model = model_of(
        {
            "source": {"tokens": "ids", "size": 9},
            "target": {"tokens": "ids", "size": 9},
            "encoder": [{kind: {"name": "x", "size": 3, **rates}}],
            "decoder": [
                {"embedding": 3},
                {"dense": {"from": ["embedding", "encoder.mean"], "size": 3}},
                "output",
            ],
            "outputs": ["encoder.x"],
        }
    )
    module = model.to_torch(weights={p: np.ones_like(a) for p, a in model.initial().items()})
    source = torch.from_numpy(np.random.default_rng(0).integers(4, 9, (200, 40)))
    inputs = {
        "source": source,
        "source_length": torch.zeros(0, dtype=torch.int64),
        "target": source[:, :2],
    }
    torch.manual_seed(0)
    return source, module(**inputs)["encoder.x"].detach()


def test_a_symbol_is_dropped_wherever_it_comes():
    source, x = embedded(symbol_dropout=0.2)
    assert (x == x[..., :1]).all()  # the whole vector
    torch.testing.assert_close(x.unique(), torch.tensor([0.0, 1.25]))
    assert abs(float(x.mean()) - 1) < 0.05
    chosen = set()
    for row in range(len(source)):
        found = {symbol: x[row, source[row] == symbol, 0] for symbol in source[row].tolist()}
        assert all((one == one[0]).all() for one in found.values())
        chosen.add(tuple(symbol for symbol, one in sorted(found.items()) if one[0] == 0))
    assert len(chosen) > 10  # another choice in other rows


@pytest.mark.parametrize("kind", ["embedding", "ngrams"])
def test_a_place_is_dropped_by_itself(kind):
    source, x = embedded(kind, place_dropout=0.2)
    assert (x == x[..., :1]).all()
    torch.testing.assert_close(x.unique(), torch.tensor([0.0, 1.25]))
    assert abs(float(x.mean()) - 1) < 0.05
    shares = (x[..., 0] == 0).float().mean(1)
    assert 0 < shares.min() < shares.max() < 0.6
    # The same symbol is dropped here and not there: alike with a chance of 0.8^2 + 0.2^2.
    again = source[:, 1:] == source[:, :1]
    assert 0.6 < float((x[:, 1:, 0] == x[:, :1, 0])[again].float().mean()) < 0.76


def test_both_and_the_features():
    _, x = embedded(symbol_dropout=0.5, place_dropout=0.5, dropout=0.5)
    torch.testing.assert_close(x.unique(), torch.tensor([0.0, 8.0]))
    assert abs(float((x > 0).float().mean()) - 0.125) < 0.02
