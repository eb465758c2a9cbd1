"""A value that is not finite stops training, and is traced to where it first appears."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn

from s2sgraph.metrics.samples import Likelihood
from s2sgraph.model import compile
from s2sgraph.spec import load
from s2sgraph.train import TrainingError, train, updating
from s2sgraph.train.finding import find
from s2sgraph.train.validating import Validation

Spec = Any
Updater = updating.Updater


def a_weight(updater: Updater) -> None:
    with torch.no_grad():
        updater.module.get_parameter("encoder.gru.state")[0, 0] = torch.nan


def an_overflow(updater: Updater) -> None:
    with torch.no_grad():
        updater.module.get_parameter("decoder.output.weight").fill_(1e38)
        updater.module.get_parameter("decoder.gru.input").fill_(1e3)


def steep(table: Tensor, index: Tensor) -> Tensor:
    """The root of zero is finite, its slope is not."""
    found = table[index]
    return found + (found - found).sqrt()


def a_slope(updater: Updater) -> None:
    node = next(n for n in updater.module.graph.nodes if n.name == "encoder_embedding_gather")
    node.target = steep
    updater.module.recompile()


def the_loss(updater: Updater) -> None:
    loss = updater.loss.loss
    updater.loss.loss = lambda *given: loss(*given)._replace(sum=loss(*given).sum * torch.inf)


INJECTIONS: dict[Callable[[Updater], None], str] = {
    a_weight: "weight encoder.gru.state is not finite before the step",
    an_overflow: "it first appears in decoder_output_linear (linear)",
    a_slope: "it first appears on the way back through encoder_embedding_gather (steep)",
    the_loss: "it first appears in the loss itself",
}


@pytest.mark.parametrize("inject", INJECTIONS)
def test_it_says_where_and_keeps_the_best_weights(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inject: Callable[[Updater], None]
) -> None:
    update = Updater.update

    def injected(self: Updater, rows: Any, step: int, rate: float) -> Any:
        if step == 13:
            inject(self)
        return update(self, rows, step, rate)

    monkeypatch.setattr(Updater, "update", injected)
    with pytest.raises(TrainingError) as caught:
        train(spec(train__validate_every=5), tmp_path / "run")
    text = str(caught.value)
    assert re.match(r"the (loss|gradient) of step 13 is (nan|inf); ", text)
    assert INJECTIONS[inject] in text
    assert text.count(f"{tmp_path / 'train.tsv'}:") == 8
    assert "Try a lower train.optimizer.rate" in text
    run = tmp_path / "run"
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["ended"], manifest["best"]["step"]) == ("failed", 10)
    assert not (run / "last.safetensors").exists()
    compile(load(run / "spec.yaml")).fitted(run / "best.safetensors")


def test_a_development_loss(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Validation, "_likelihood", lambda self, module: Likelihood(math.nan, 1))
    with pytest.raises(TrainingError, match="the development loss after step 20 is nan"):
        train(spec(), tmp_path / "run")


def test_the_lines_of_many_rows_are_counted(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "LINES_SHOWN", 3)
    given = spec(train__optimizer={"kind": "sgd", "rate": 1e38}, train__clip=None)
    with pytest.raises(TrainingError, match="and 5 more"):
        train(given, tmp_path / "run")


# -- the search itself ----------------------------------------------------------------


class Masked(nn.Module):
    """Softmax over places of which some are masked with minus infinity."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        scores = torch.where(mask, x * self.weight, -torch.inf)
        return torch.softmax(scores, 0).sum()


MASK = torch.tensor([True, True, False])


def found(x: Tensor, mask: Tensor) -> str | None:
    module = fx.symbolic_trace(Masked())
    return find(module, lambda: module(x, mask))


def test_masks_are_not_to_blame() -> None:
    assert found(torch.ones(3), MASK) is None


def test_an_input_is_named() -> None:
    assert found(torch.tensor([1.0, torch.nan, 1.0]), MASK) == "it first appears in the input x"


def test_a_place_with_all_masked() -> None:
    assert found(torch.ones(3), ~MASK & MASK) == "it first appears in softmax (softmax)"


def test_the_module_is_as_before() -> None:
    module = fx.symbolic_trace(Masked())
    before = dict(vars(module))
    find(module, lambda: module(torch.ones(3), MASK))
    assert vars(module) == before
    assert module.weight.grad is None


FEEDING = """
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, gru: 4]
decoder:
  - embedding: 4
  - attention: {name: context, query: prev.state, score: additive}
  - gru: {name: state, from: [embedding, context], size: 4, start: encoder.final}
  - output
data: {train: train.tsv}
train: {batch_size: 8, steps: 5}
"""


def test_inside_of_a_loop(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Updater.update

    def injected(self: Updater, *given: Any) -> Any:
        body = self.module.get_submodule("scan_1")
        node = next(n for n in body.graph.nodes if n.name == "decoder_context_tanh")
        node.target = torch.acosh
        body.recompile()
        return update(self, *given)

    monkeypatch.setattr(Updater, "update", injected)
    with pytest.raises(TrainingError, match=r"first appears in decoder_context_tanh \(acosh\)"):
        train(spec(FEEDING), tmp_path / "run")
