"""A figure: a number, how people write it, and what was counted for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """What a metric finds.

    Attributes:
        value: the number. Shares and error rates are parts of one: 0.05 is 5 %.
        shown: the number as people write it.
        counted: what it was counted over.
        signature: how a library computed it, for comparison with published figures.
    """

    value: float
    shown: str
    counted: str
    signature: str = ""

    def to_json(self) -> dict[str, Any]:
        """The figure as plain values."""
        form = {"value": self.value, "counted": self.counted}
        return {**form, "signature": self.signature} if self.signature else form


def share(part: int, whole: int, parts: str, wholes: str) -> Figure:
    """How many `parts` for each of the `wholes`; of nothing at all, as if it were one."""
    value = part / max(whole, 1)
    return Figure(value, f"{value:.2%}", f"{part:,} {parts} in {whole:,} {wholes}")
