"""Devices, precision and processes, by lightning.fabric.

This is the only place that knows how many processes there are. `torchrun` starts them, and tells
each its number by environment variables.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import Tensor, nn

from s2sgraph.spec import Problem, Spec

_left: list[Any] = []
"""Groups of processes that this one has left, held to the end of the program.

Else the last to hold one is a module that was trained in it, which waits for the group's thread
while it holds Python's lock; and where the machine is busy, that thread may still be about to free
the tensor of a last exchange, for which it needs that lock.
"""


class _Reduced(MixedPrecision):
    """bfloat16 where it does, with outputs as they were computed.

    In float32, logits would be twice as large, there and back.
    """

    def __init__(self) -> None:
        super().__init__("bf16-mixed", "cuda" if torch.cuda.is_available() else "cpu")

    def convert_output(self, data: Any) -> Any:
        """The outputs themselves."""
        return data


@contextmanager
def _quiet() -> Iterator[None]:
    """A block in which Fabric does not tell what was asked for, nor propose launchers."""
    log = logging.getLogger("lightning_fabric")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


class Processes:
    """The processes of one training, and which of them this is.

    Attributes:
        rank: the number of this process, from 0.
        count: how many there are.
        device: what this process computes on.
    """

    @classmethod
    def of(cls, spec: Spec) -> Processes:
        """Those that train a spec.

        Raises:
            SpecError: the device does not compute in the precision that the spec asks for.
        """
        if spec.train.precision == "bf16" and not _computes_bfloat16():
            message = "this processor has no bfloat16: torch would be far slower, or fail"
            raise spec.error([Problem(("train", "precision"), message, "write precision: 32")])
        return cls(spec.train.precision)

    def __init__(self, precision: int | str = 32) -> None:
        """Join the processes that torchrun has started; without it there is one."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        with _quiet():
            self.fabric = Fabric(
                devices=here,
                num_nodes=max(count // here, 1),
                strategy="ddp" if count > 1 else "auto",
                plugins=[_Reduced()] if precision == "bf16" else [],
            )
            self.fabric.launch()
        self.rank, self.count = self.fabric.global_rank, self.fabric.world_size
        self.device = self.fabric.device
        self._asked: tuple[Tensor, Any] | None = None

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def setup(self, module: nn.Module) -> Any:
        """The module on its device, in its precision, its gradients averaged over processes."""
        return self.fabric.setup_module(module)

    def to_device(self, value: Any) -> Any:
        """Tensors, or what they are inside of, on the device."""
        return self.fabric.to_device(value)

    def precision(self) -> AbstractContextManager[Any]:
        """A block that computes in the precision asked for, with wrapped modules or without."""
        return self.fabric.autocast()

    def accumulating(self, module: Any, more: bool) -> AbstractContextManager[Any]:
        """Gradients stay here while `more` of the same update are to come."""
        return self.fabric.no_backward_sync(module, enabled=more and self.count > 1)

    def backward(self, loss: Tensor) -> None:
        """Gradients of a loss; over all processes they are summed, not averaged."""
        self.fabric.backward(loss * self.count if self.count > 1 else loss)

    def seed(self, number: int) -> None:
        """Seed what is drawn on the device of this process."""
        torch.default_generator.manual_seed(number)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(number)

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes."""
        if self.count == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return [float(value) for value in total.tolist()]

    def broadcast(self, tensors: Sequence[Tensor], owners: Sequence[int]) -> None:
        """Give each tensor, in place, the values that it has in the process that owns it."""
        if self.count > 1:
            works = [
                torch.distributed.broadcast(tensor, owner, async_op=True)
                for tensor, owner in zip(tensors, owners, strict=True)
            ]
            for work in works:
                work.wait()

    def gather(self, value: float) -> list[float]:
        """The values of all processes, in their order."""
        return self.sum([value if rank == self.rank else 0.0 for rank in range(self.count)])

    def agree(self, number: int) -> int:
        """The largest number that a process named when this was last called, the same for all.

        The answer is one call late, so that nobody waits for it.
        """
        if self.count == 1:
            return number
        answer = 0
        if self._asked is not None:
            asked, work = self._asked
            work.wait()
            answer = int(asked)
        asked = torch.tensor(number, device=self.device)
        work = torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX, async_op=True)
        self._asked = asked, work
        return answer

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            self.fabric.barrier()

    def leave(self) -> None:
        """Part from the other processes, when all of them are at the same place."""
        if self.count > 1:
            if self._asked is not None:
                self._asked[1].wait()
            self.wait()
            _left.append(torch.distributed.group.WORLD)
            torch.distributed.destroy_process_group()


def _computes_bfloat16() -> bool:
    """Whether the device that `Processes` would take has kernels for bfloat16."""
    if torch.cuda.is_available():
        return True
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
