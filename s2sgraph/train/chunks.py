"""Logits in chunks of a few places.

Logits are what is largest in a training with a large vocabulary. A loss of them that is computed at
once makes several tensors as large again, and on CPUs most of its time goes into fetching that
memory. Chunk by chunk all of it stays in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK = 2**18
"""Numbers of a chunk: 1 MiB in float32, less than the cache that a core has for itself."""


def chunks(logits: Tensor) -> Iterator[slice]:
    """Spans of the places of logits [place, symbol].

    It is one of all where memory is quick and starting a computation is not.
    """
    places, symbols = logits.shape
    step = max(CHUNK // symbols, 1) if logits.device.type == "cpu" else max(places, 1)
    for start in range(0, max(places, 1), step):
        yield slice(start, start + step)


def precise(logits: Tensor) -> Tensor:
    """In float32 or finer."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
