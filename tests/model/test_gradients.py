"""The module trains: gradients reach every parameter, dropout draws, and the loss falls."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from compiled import NAMES, drawn, example, model_of, trained
from torch.nn import functional as F


def tensors(inputs):
    return {name: torch.from_numpy(np.asarray(array)) for name, array in inputs.items()}


def loss_of(model, module, inputs):
    """Cross entropy of tokens, the likelihood or squared error of frames."""
    found = module(**inputs)
    target = inputs["target"]
    if isinstance(found, torch.Tensor):
        found = {"frames" if target.is_floating_point() else "logits": found}
    if "logits" in found:
        return F.cross_entropy(found["logits"].flatten(0, 1), target.flatten(), ignore_index=0)
    if "deviations" in found:
        return F.gaussian_nll_loss(found["frames"], target, found["deviations"] ** 2)
    return F.mse_loss(found["frames"], target)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_parameter(name):
    model = example(name)
    module = model.to_torch(weights=trained(model))
    torch.manual_seed(0)
    inputs = tensors(drawn(model, "teach", rows=8, seed=1))
    loss_of(model, module, inputs).backward()
    for path, parameter in module.named_parameters():
        assert parameter.grad is not None, path
        assert torch.isfinite(parameter.grad).all(), path
        assert parameter.grad.abs().max() > 0, path
    assert {path for path, _ in module.named_parameters()} == set(model.weights)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_definition(name):
    """Along one random direction, the slope is that of the reference in double precision."""
    from s2sgraph.graph import reference

    model = example(name)
    weights = trained(model)
    inputs = drawn(model, "teach", rows=3, seed=1)
    random = np.random.default_rng(2)
    direction = {path: random.standard_normal(a.shape) for path, a in weights.items()}
    module = model.to_torch(weights=weights).eval()
    found = module(**tensors(inputs))
    found = found if isinstance(found, dict) else {model.trace("teach").output_names[0]: found}
    ours = {name: random.standard_normal(tuple(t.shape)) for name, t in found.items()}
    sum((t * torch.from_numpy(ours[name])).sum() for name, t in found.items()).backward()
    slope = sum(
        float((p.grad.double() * torch.from_numpy(direction[path])).sum())
        for path, p in module.named_parameters()
    )

    def value(step):
        moved = {path: a + step * direction[path] for path, a in weights.items()}
        outputs = reference.run(model.trace("teach"), moved, inputs)
        return sum((ours[name] * array).sum() for name, array in outputs.items())

    step = 1e-5
    measured = (value(step) - value(-step)) / (2 * step)
    assert slope == pytest.approx(measured, rel=2e-2, abs=2e-2)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls_on_a_copying_task(name):
    model = example(name)
    torch.manual_seed(0)
    module = model.to_torch(seed=0)
    inputs = drawn(model, "teach", rows=16, width=5, time=5, lengths=[5] * 16, seed=3)
    if "source" in inputs and inputs["source"].dtype == inputs["target"].dtype:
        width = min(inputs["target"].shape[-1], inputs["source"].shape[-1])
        inputs["target"] = (
            inputs["source"] if inputs["source"].ndim == 2 else inputs["source"][..., :width]
        )
    given = tensors(inputs)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = loss_of(model, module, given)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < 0.95 * losses[0]


# -- dropout ------------------------------------------------------------------------------


def dropping(where):
    """A model of one place where dropout can be, with everything else alike from step to step."""
    data = {
        "source": {"tokens": "ids", "size": 9},
        "target": {"tokens": "ids", "size": 9},
        "encoder": [{"embedding": 8}, {"lstm": 8}],
        "decoder": [
            {"embedding": 8},
            {"lstm": {"name": "state", "size": 8, "start": "encoder.final"}},
            {"attention": {"name": "context", "query": "state", "score": "dot"}},
            {"dense": {"name": "readout", "from": ["state", "context"], "size": 8}},
            "output",
        ],
    }
    where(data)
    return model_of(data)


PLACES = {
    "embedding": lambda d: d["decoder"].__setitem__(0, {"embedding": {"size": 8, "dropout": 0.5}}),
    "symbols": lambda d: d["decoder"].__setitem__(
        0, {"embedding": {"size": 8, "symbol_dropout": 0.5}}
    ),
    "places": lambda d: d["encoder"].__setitem__(
        0, {"embedding": {"size": 8, "place_dropout": 0.5}}
    ),
    "input of a cell": lambda d: d["decoder"][1]["lstm"].update(input_dropout=0.5),
    "state of a cell": lambda d: d["decoder"][1]["lstm"].update(state_dropout=0.5),
    "encoder": lambda d: d["encoder"][1].update(lstm={"size": 8, "dropout": 0.5}),
    "between cells": lambda d: d["decoder"][1]["lstm"].update(layers=2, dropout=0.5, start="zeros"),
    "after a cell": lambda d: d["decoder"][1]["lstm"].update(dropout=0.5),
    "layer": lambda d: d["decoder"].insert(4, {"dropout": 0.5}),
    "weights of attention": lambda d: d["decoder"][2]["attention"].update(attention_dropout=0.5),
    "attention": lambda d: d["decoder"][2]["attention"].update(dropout=0.5),
    "weights of heads": lambda d: d["decoder"][2]["attention"].update(
        attention_dropout=0.5, heads=2, score="scaled_dot"
    ),
    "self-attention": lambda d: d["decoder"].insert(
        4, {"self_attention": {"heads": 2, "attention_dropout": 0.5}}
    ),
    "feed-forward": lambda d: d["decoder"].insert(
        4, {"feed_forward": {"size": 16, "activation_dropout": 0.5}}
    ),
    "inside a recurrence": lambda d: (
        d["decoder"][1]["lstm"].update({"from": ["embedding", "prev.context"]}),
        d["decoder"][2]["attention"].update(dropout=0.5),
    ),
    "state inside a recurrence": lambda d: d["decoder"][1]["lstm"].update(
        {"from": ["embedding", "prev.context"], "state_dropout": 0.5}
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_dropout_draws_anew_in_training_and_is_gone_after(place):
    model = dropping(PLACES[place])
    inputs = tensors(drawn(model, "teach", rows=2, width=6, seed=2))
    module = model.to_torch(weights=trained(model))
    torch.manual_seed(1)
    first, second = module(**inputs), module(**inputs)
    torch.manual_seed(1)
    again = module(**inputs)
    assert not torch.equal(first, second)
    assert torch.equal(first, again)
    module.eval()
    assert torch.equal(module(**inputs), module(**inputs))
    module.train()
    assert not torch.equal(module(**inputs), module(**inputs))


@pytest.mark.parametrize("feeding", [False, True])
def test_masks_differ_from_step_to_step(feeding):
    """The same symbols at all places: only the masks tell the steps apart, in a recurrence too."""
    data = {
        "source": {"tokens": "ids", "size": 9},
        "target": {"tokens": "ids", "size": 9},
        "encoder": [{"embedding": 8}],
        "decoder": [
            {"embedding": 8},
            {"dense": {"name": "read", "from": ["embedding", "encoder.mean"], "size": 64}},
            {"dropout": 0.5},
            {"output": {"from": "dropout"}},
        ],
    }
    if feeding:
        data["decoder"][1]["dense"]["from"].append("prev.fed")
        data["decoder"].insert(3, {"dense": {"name": "fed", "size": 4}})
    model = model_of(data)
    weights = trained(model)
    weights["decoder.read.weight"][:, 16:] = 0  # what is fed back has no effect
    module = model.to_torch(weights=weights)
    given = torch.full((1, 3), 5), torch.tensor([3]), torch.full((1, 6), 5)
    logits = module(*given)[0, 1:]
    assert (torch.cdist(logits, logits) + torch.eye(5) > 1e-4).all()
    module.eval()
    logits = module(*given)[0, 1:]
    assert torch.cdist(logits, logits).max() < 1e-3


# -- a module like any other -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_compute_the_same(name):
    model = example(name)
    module = model.to_torch(weights=trained(model)).eval()
    inputs = tensors(drawn(model, "teach", rows=2, seed=1))
    wanted = module(**inputs)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        found = other(**inputs)
        for one, two in zip(values(found), values(wanted), strict=True):
            assert torch.equal(one, two)
        for mine, theirs in zip(other.parameters(), module.parameters(), strict=True):
            assert mine.data_ptr() != theirs.data_ptr()
        assert not any(part.training for part in other.modules())
        assert other.train().training


def test_a_copy_of_a_module_that_was_evaluated_still_drops():
    model = dropping(PLACES["inside a recurrence"])
    module = model.to_torch(weights=trained(model)).eval()
    inputs = tensors(drawn(model, "teach", rows=2, seed=2))
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        again = pickle.loads(pickle.dumps(copy.deepcopy(other)))
        assert torch.equal(again(**inputs), module(**inputs))
        again.train()
        assert not torch.equal(again(**inputs), again(**inputs))


def values(found):
    return list(found.values()) if isinstance(found, dict) else [found]


def test_state_dict_is_the_weights():
    model = example("specs/dates")
    weights = trained(model)
    module = model.to_torch(weights=weights)
    assert {path: tuple(t.shape) for path, t in module.state_dict().items()} == model.weights
    for path, array in model.fitted(module).items():
        np.testing.assert_array_equal(array, weights[path])


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_torch_compile(name):
    model = example(name)
    module = model.to_torch(weights=trained(model)).eval()
    inputs = tensors(drawn(model, "teach", rows=3, seed=1))
    wanted = values(module(**inputs))
    for one, two in zip(values(torch.compile(module)(**inputs)), wanted, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)
