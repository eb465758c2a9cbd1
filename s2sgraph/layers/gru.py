"""Gated recurrent unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from s2sgraph.graph.loops import States
from s2sgraph.graph.ops import dot, rename, sigmoid, tanh, unstack
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Initial, Value
from s2sgraph.layers.recurrent import GatedCell, RecurrentLayer


class Gru(RecurrentLayer, kind="gru", main="size"):
    """Gates r, z: `n = tanh(W x + b + r*(R h + c))`, `h = (1-z)*n + z*h` (Cho 2014).

    Attributes:
        reset: `after` the product with R, as in the formula and in torch; `before` it, as
            published: `n = tanh(W x + b + R (r*h))`.
    """

    reset: Literal["after", "before"] = "after"

    def cell(self) -> GatedCell:
        """One step of the recurrence."""
        cell = ResetAfter if self.reset == "after" else ResetBefore
        return cell(self.size, self.layer_norm)


@dataclass(frozen=True)
class ResetAfter(GatedCell):
    """One step; x and h are `[…, feature]`. The gates are in torch.nn.GRU's order: r, z, n."""

    word: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3

    @property
    def settings(self) -> dict[str, Any]:
        """Where the reset gate works."""
        return {"reset": "after"}

    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output and the state, which are one."""
        (h,) = state
        reset_x, keep_x, new_x = unstack(self.sums("input", x), axis="gate")
        reset_h, keep_h, new_h = unstack(self.sums("state", self.read(h)), axis="gate")
        keep = sigmoid(keep_x + keep_h)
        new = tanh(new_x + sigmoid(reset_x + reset_h) * new_h)
        h = new + keep * (h - new)
        return h, (h,)


@dataclass(frozen=True)
class ResetBefore(GatedCell):
    """One step, the reset gate working on h before the product (Cho 2014, eq. 8)."""

    word: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3

    @property
    def settings(self) -> dict[str, Any]:
        """Where the reset gate works."""
        return {"reset": "before"}

    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output and the state, which are one."""
        (h,) = state
        size, start = self.size, Initial("uniform", self.size**-0.5)
        type = Type("float", (("feature'", size), ("gate", 3), ("feature", size)))
        layout = (("gate", "feature"), ("feature'",))
        whole = weight("state", type, layout=layout, initial=start)
        reset_w, keep_w, new_w = unstack(whole, axis="gate")
        reset_x, keep_x, new_x = unstack(self.sums("input", x), axis="gate")

        def product(value: Value, by: Value, name: str) -> Value:
            wide = rename(value, feature="feature'")
            return self.normed(name, dot(wide, by, over=("feature'",)))

        seen = self.read(h)
        reset = sigmoid(reset_x + product(seen, reset_w, "reset"))
        keep = sigmoid(keep_x + product(seen, keep_w, "keep"))
        new = tanh(new_x + product(reset * seen, new_w, "new"))
        h = new + keep * (h - new)
        return h, (h,)
