"""Additive score."""

from __future__ import annotations

from typing import ClassVar

from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.graph.composed import glorot, linear, vector
from s2sgraph.graph.ops import add, dot, exp, log, mul, outer, tanh, total
from s2sgraph.graph.values import Initial, Value
from s2sgraph.spec.settings import Size


class Additive(Score, kind="additive"):
    """`v . tanh(W s + U h_j + b)` (Bahdanau 2015).

    Attributes:
        size: rows of W and U; by default the size of the query.
        bias: whether there is b.
        normalize: `g * v/|v| . tanh(...)`, g starting at sqrt(1/size) and b at 0.
    """

    covering: ClassVar[bool] = True

    size: Size | None = None
    bias: bool = True
    normalize: bool = False

    def compare(self, query: Value, memory: Memory, covered: Value | None) -> Value:
        """How well the query fits each place of the memory: `[…, source]`."""
        size = self.size or query.number("feature")
        hidden = outer(
            add,
            linear("query", query, bias="bias" if self.bias else None, unit=size),
            linear("key", memory.values, unit=size),
        )
        if covered is not None:
            hidden = hidden + outer(mul, covered, vector("coverage", glorot(1, size), unit=size))
        return dot(tanh(hidden), self._direction(size), over=("unit",))

    def _direction(self, size: int) -> Value:
        v = vector("score", glorot(size, 1), unit=size)
        if not self.normalize:
            return v
        length = exp(log(total(v * v, over="unit")) * 0.5)
        return v / length * vector("gain", Initial("constant", size**-0.5))
