"""Finding where a value that is not finite first appears in a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

Trial = Callable[[], Tensor]
"""Computes the loss of one batch with the module."""


def find(module: fx.GraphModule, trial: Trial) -> str | None:
    """Say where values that are not finite first appear in one trial, forward or backward.

    None where they do not.

    The module is as before afterwards, but for its gradients, which are gone.
    """
    for path, weight in module.named_parameters():
        if not _finite(weight):
            return f"weight {path} is not finite before the step"
    watch = _Watch()
    with watch.over(module):
        loss = trial()
        if watch.forward is None and _finite(loss):
            loss.backward()  # type: ignore[no-untyped-call]
    odd = [p for p, w in module.named_parameters() if w.grad is not None and not _finite(w.grad)]
    module.zero_grad(set_to_none=True)
    if watch.forward:
        return f"it first appears in {watch.forward}"
    if not _finite(loss):
        return "it first appears in the loss itself: the module's outputs are finite"
    if watch.backward:
        return f"it first appears on the way back through {watch.backward}"
    if odd:
        return f"it first appears in the gradient of weight {odd[0]}"
    return None


class _Watch:
    """Looks at every operation of a module while it runs.

    Attributes:
        forward: the first operation whose result is not finite though what it read was.
        backward: the first operation, on the way back, that gives such a gradient.
    """

    def __init__(self) -> None:
        self.forward: str | None = None
        self.backward: str | None = None

    @contextmanager
    def over(self, module: fx.GraphModule) -> Iterator[None]:
        """Watch a module and the bodies of its loops as long as the block runs."""
        graphs = [m for m in module.modules() if isinstance(m, fx.GraphModule)]
        with ExitStack() as stack:
            for graph in graphs:
                stack.enter_context(_replaced(graph, _Interpreter(graph, self).run))
            yield

    def computed(self, node: fx.Node, read: Sequence[Any], found: Any) -> None:
        """An operation gave a result."""
        if self.forward is None:
            # Infinite values are masked with on purpose: what reads one is not to blame for it.
            given = _oddity(read)
            if given < _oddity([found]):
                self.forward = _described(node)
        for tensor in _tensors([found]):
            if tensor.requires_grad:
                tensor.register_hook(  # type: ignore[no-untyped-call]
                    lambda gradient: self._returned(node, gradient)
                )

    def _returned(self, node: fx.Node, gradient: Tensor) -> None:
        if self.backward is None and not _finite(gradient):
            users = " or ".join(sorted({_described(user) for user in node.users}))
            self.backward = users or _described(node)


class _Interpreter(fx.Interpreter):
    """Runs a graph node by node."""

    def __init__(self, module: fx.GraphModule, watch: _Watch) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.watch = watch

    def run_node(self, node: fx.Node) -> Any:
        """Run one node, and let the watch see what it read and gave."""
        found = super().run_node(node)
        if node.op != "output":
            read = [self.env[n] for n in node.all_input_nodes]
            literals = [a for a in node.args if isinstance(a, float)]
            self.watch.computed(node, [*read, *literals], found)
        return found


@contextmanager
def _replaced(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """A module with another forward for as long as the block runs."""
    module.__dict__["forward"] = forward
    try:
        yield
    finally:
        del module.__dict__["forward"]


def _described(node: fx.Node) -> str:
    """An operation by its layer and its name: nodes are named after both."""
    if node.op == "placeholder":
        return f"the input {node.target}"
    return f"{node.name} ({getattr(node.target, '__name__', node.target)})"


def _oddity(values: Sequence[Any]) -> int:
    """2 if there is a value that is no number, 1 if there is an infinite one, else 0."""
    found = 0
    for value in values:
        if isinstance(value, float):
            value = torch.tensor(value)
        for tensor in _tensors([value]):
            if bool(torch.isnan(tensor).any()):
                return 2
            found = max(found, int(bool(torch.isinf(tensor).any())))
    return found


def _tensors(values: Sequence[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor) and value.is_floating_point():
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)
        elif isinstance(value, dict):
            yield from _tensors(list(value.values()))


def _finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())
