"""Muon: steps of matrices that are turned into nearly orthogonal ones (Jordan 2024)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from s2sgraph.graph.values import Weight
from s2sgraph.train.processes import Processes

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
"""Jordan's: they bring singular values from 0.01 to 1 near 1, as fast as a quintic can."""


def matrices(weights: Mapping[str, Weight]) -> dict[str, int]:
    """How many matrices each weight of products is, by path; a cell's gates are one each.

    Embeddings, the weights of the output's symbols, and vectors are none.
    """
    found = {}
    for path, weight in weights.items():
        value, product = weight.value, weight.initial.kind == "uniform"
        if product and len(weight.shape) == 2 and "symbol" not in value.axes:
            found[path] = value.number("gate") if "gate" in value.axes else 1
    return found


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix, [..., row, column], with its singular vectors and singular values near 1.

    By Newton-Schulz iterations of a quintic, which need products alone; bfloat16 does for them.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[-2] > matrix.shape[-1]
    found: Tensor = matrix.mT if tall else matrix
    found = found / torch.linalg.matrix_norm(found, keepdim=True).clamp_min(1e-7)
    for _ in range(ITERATIONS):
        square = found @ found.mT
        found = a * found + (b * square + c * (square @ square)) @ found
    return found.mT if tall else found


def owners(costs: Sequence[float], count: int) -> list[int]:
    """Which of `count` processes does each piece of work, so that the busiest has little.

    The dearest goes first, always to who has least (Graham 1969): a pure function.
    """
    found, loads = [0] * len(costs), [0.0] * count
    for piece in sorted(range(len(costs)), key=lambda piece: -costs[piece]):
        found[piece] = loads.index(min(loads))
        loads[found[piece]] += costs[piece]
    return found


def _cost(weight: Tensor, count: int) -> float:
    """What orthogonalising the matrices in a weight costs: multiplications of an iteration."""
    rows, columns = weight.shape[0] // count, weight.shape[1]
    few, many = sorted((rows, columns))
    return count * few * few * (2 * many + few)


class Muon(torch.optim.Optimizer):
    """Muon for matrices, AdamW for all other weights, with one rate.

    A step of a matrix has the root mean square that one of Adam's has, about 0.2 (Liu 2025).
    torch's own always computes in bfloat16, which most processors lack, and takes the gates of a
    cell, which lie in one weight, for one matrix. Each process orthogonalises some, for all.

    Args:
        weights: all that are trained, and how many matrices, one below the other, each is.
        processes: those that train them, all with the same gradients.
        rate: the learning rate.
        momentum: how much of the sum of a matrix's gradients is kept at each step (Nesterov's).
        betas: of AdamW.
        epsilon: of AdamW.
        weight_decay: share of all weights taken off at each step, times the rate.
    """

    def __init__(
        self,
        weights: Mapping[nn.Parameter, int],
        processes: Processes,
        rate: float,
        momentum: float,
        betas: tuple[float, float],
        epsilon: float,
        weight_decay: float,
    ) -> None:
        groups: dict[int, list[nn.Parameter]] = {}
        for weight, count in weights.items():
            groups.setdefault(count, []).append(weight)
        self.processes = processes
        self.momentum, self.betas, self.epsilon = momentum, betas, epsilon
        super().__init__(
            [{"params": found, "stacked": count} for count, found in sorted(groups.items())],
            {"lr": rate, "weight_decay": weight_decay},
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step of all weights that have a gradient."""
        assert closure is None
        stacks: list[tuple[nn.Parameter, dict[str, Any]]] = []
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if group["stacked"]:
                stacks.extend((weight, group) for weight in weights)
            elif weights:
                self._adapted(weights, group)
        costs = [_cost(weight, group["stacked"]) for weight, group in stacks]
        ranks = owners(costs, self.processes.count)
        steps = [
            self._orthogonal(weight, group["stacked"], rank == self.processes.rank)
            for (weight, group), rank in zip(stacks, ranks, strict=True)
        ]
        self.processes.broadcast(steps, ranks)
        for (weight, group), step in zip(stacks, steps, strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.sub_(step, alpha=group["lr"])

    def _orthogonal(self, weight: nn.Parameter, count: int, ours: bool) -> Tensor:
        """Muon's step of the matrices in one weight, at a rate of 1; room for it if not `ours`."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        total = state["momentum"].mul_(self.momentum).add_(weight.grad)
        if not ours:
            return torch.empty_like(weight)
        stack = (weight.grad + self.momentum * total).unflatten(0, (count, -1))
        size = 0.2 * math.sqrt(max(stack.shape[1:]))
        return orthogonal(stack).flatten(0, 1).contiguous().mul_(size)

    def _adapted(self, weights: list[nn.Parameter], group: dict[str, Any]) -> None:
        """AdamW's step."""
        states = [self.state[weight] for weight in weights]
        for weight, state in zip(weights, states, strict=True):
            if not state:
                state["step"] = torch.zeros((), device=weight.device)
                state["exp_avg"] = torch.zeros_like(weight)
                state["exp_avg_sq"] = torch.zeros_like(weight)
        first, second = self.betas
        adamw(
            list(weights),
            [weight.grad for weight in weights if weight.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=first,
            beta2=second,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=self.epsilon,
            maximize=False,
        )
