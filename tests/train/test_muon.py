"""Muon against singular values, against the formulas by hand, and on models of every kind."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from s2sgraph.model import sketch
from s2sgraph.spec import load
from s2sgraph.train import train
from s2sgraph.train.muon import Muon, matrices, orthogonal, owners
from s2sgraph.train.processes import Processes

SPECS = Path(__file__).parents[2] / "specs"
SETTINGS = {"rate": 0.1, "momentum": 0.9, "betas": (0.8, 0.9), "epsilon": 1e-8}


@pytest.mark.parametrize("shape", [(6, 6), (3, 9), (9, 3), (4, 6, 5), (2, 4, 16)])
def test_singular_vectors_stay_and_singular_values_come_near_1(shape: tuple[int, ...]) -> None:
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.mT @ orthogonal(1000 * matrix) @ v.mT
    values = turned.diagonal(dim1=-2, dim2=-1)
    assert values.min() > 0.6
    assert values.max() < 1.3
    assert (turned - torch.diag_embed(values)).abs().max() < 1e-9


def test_products_in_bfloat16_do() -> None:
    matrix = torch.randn(4, 16, 32, generator=torch.Generator().manual_seed(4))
    with torch.autocast("cpu", torch.bfloat16):
        reduced = orthogonal(matrix)
    assert reduced.dtype == torch.float32
    assert not reduced.equal(orthogonal(matrix))
    assert torch.linalg.svdvals(reduced).min() > 0.5
    assert torch.linalg.svdvals(reduced).max() < 1.4


def test_nothing_stays_nothing() -> None:
    assert not orthogonal(torch.zeros(3, 4)).any()


def test_steps_are_those_of_the_formulas() -> None:
    """Two steps of a stack of two matrices."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.nn.Parameter(torch.randn(8, 3, generator=generator, dtype=torch.float64))
    found = weight.detach().clone()
    optimizer = Muon({weight: 2}, Processes(), **SETTINGS, weight_decay=0.5)
    total = torch.zeros_like(found)
    for _ in range(2):
        gradient = torch.randn(8, 3, generator=generator, dtype=torch.float64)
        weight.grad = gradient.clone()
        optimizer.step()
        total = 0.9 * total + gradient
        ahead = gradient + 0.9 * total
        turned = torch.cat([orthogonal(half) for half in (ahead[:4], ahead[4:])])
        found = found * (1 - 0.1 * 0.5) - 0.1 * 0.2 * math.sqrt(4) * turned
        torch.testing.assert_close(weight.detach(), found)


def test_steps_are_as_large_as_those_of_adam() -> None:
    for shape in ((64, 64), (256, 64), (64, 256)):
        weight = torch.nn.Parameter(torch.zeros(shape))
        weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        Muon({weight: 1}, Processes(), **SETTINGS, weight_decay=0).step()
        assert 0.1 * 0.15 < weight.detach().square().mean().sqrt() < 0.1 * 0.25


def test_what_is_no_matrix_takes_steps_of_adamw() -> None:
    generator = torch.Generator().manual_seed(3)
    weights = [torch.nn.Parameter(torch.ones(5)) for _ in range(2)]
    frozen = torch.nn.Parameter(torch.ones(2))
    others = [
        Muon({weights[0]: 0, frozen: 0}, Processes(), **SETTINGS, weight_decay=0.5),
        torch.optim.AdamW([weights[1]], 0.1, (0.8, 0.9), 1e-8, 0.5, fused=True),
    ]
    for _ in range(3):
        gradient = torch.randn(5, generator=generator)
        for weight, optimizer in zip(weights, others, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    assert torch.equal(*weights)
    assert torch.equal(frozen, torch.ones(2))


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_processes_have_like_shares(count: int) -> None:
    costs = [float(cost) for cost in (torch.arange(40) ** 2 % 17).tolist()]
    ranks = owners(costs, count)
    loads = [
        sum(cost for cost, owner in zip(costs, ranks, strict=True) if owner == process)
        for process in range(count)
    ]
    assert max(loads) <= max(max(costs), 4 / 3 * sum(costs) / count)


def counts(name: str) -> dict[str, int]:
    return matrices(sketch(load(SPECS / f"{name}.yaml")).trace("teach").weights)


def test_what_is_a_matrix() -> None:
    """Gates are matrices of their own; tables, the output's symbols and vectors are none."""
    luong = counts("luong_global")
    assert {path: count for path, count in luong.items() if count > 1}
    assert all(count == 4 for path, count in luong.items() if path.endswith((".input", ".state")))
    assert luong["decoder.context.key"] == 1
    assert set(counts("gru_translation").values()) == {1, 3}
    transformer = counts("transformer")
    assert set(transformer.values()) == {1}
    kinds = {path.rpartition(".")[2] for path in transformer}
    assert kinds == {"query", "key", "value", "out", "up", "down"}


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_matrix_is_whole(path: Path) -> None:
    model = sketch(load(path))
    found = counts(path.stem)
    assert found
    for name, count in found.items():
        rows, _ = model.weights[name]
        assert rows % count == 0
        assert not name.endswith(("bias", "norm"))
        assert not name.endswith("embedding.weight")


def test_a_model_learns_by_it(spec: Any, tmp_path: Path) -> None:
    settings = {"train.evaluate.sentences": 0, "train.log_every": 10, "train.steps": 80}
    given = spec().set({**settings, "train.optimizer": {"kind": "muon", "rate": 3e-2}})
    run = train(given, tmp_path / "run")
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    losses = [line["loss"] for line in lines]
    assert losses[-1] < 0.3 * losses[0]
