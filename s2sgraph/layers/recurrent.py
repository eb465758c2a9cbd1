"""Recurrent layers: a cell along the axis of its chain, or several on top of one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from s2sgraph.graph import trace
from s2sgraph.graph.composed import ONES, ZEROS, dropped, glorot, linear, vector
from s2sgraph.graph.loops import States, each, kept, recur
from s2sgraph.graph.ops import concat, norm, rename, split, unstack
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Initial, Value
from s2sgraph.layers.building import Context, Final, Parts, Widths
from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.layers.starting import cell_start
from s2sgraph.spec.settings import Rate, Size, Start, ZeroStart


class RecurrentLayer(ResidualLayer):
    """A cell over time, or several on top of one another.

    Dropout of input and state is variational (Gal & Ghahramani 2016): with masks z that are
    drawn once for a sequence, each feature `1 / (1 - rate)` or zero, every gate of every step is a
    function of `W (x * z_x) + R (h * z_h)`. Each cell has masks of its own in each direction. What
    the state hands on without a product, such as `(1-f)*h` or c, is never dropped.

    Attributes:
        size: features of the state, in each direction.
        layers: number of cells on top of one another; dropout follows each.
        direction: from the first place on, from the last place back, or both, concatenated.
        input_dropout: rate on what each cell reads, the same features at every step.
        state_dropout: rate on the state before its product, the same features at every step.
        layer_norm: normalise the sums of each gate (Ba 2016).
        start: the state before the first step.
    """

    runs: ClassVar[bool] = True

    size: Size
    layers: Size = 1
    direction: Literal["forward", "backward", "both"] = "forward"
    input_dropout: Rate = 0.0
    state_dropout: Rate = 0.0
    layer_norm: bool = False
    start: Start = ZeroStart()

    def cell(self) -> GatedCell:
        """One step of the recurrence."""
        raise TypeError(f"{type(self).__name__} has no cell")

    def width(self, sizes: Widths) -> int:
        """Features of the output: those of each direction."""
        return self.size * len(self.directions)

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions that it runs in."""
        return ("forward", "backward") if self.direction == "both" else (self.direction,)

    def build(self, context: Context) -> Parts:
        """Trace all cells; the named part `cell` is c of the uppermost, if it has one."""
        finals: list[dict[str, States]] = []
        cells: list[Value] = []

        def stacked(c: Context) -> Value:
            y = c.x
            for layer in range(self.layers):
                parts = [self._direction(y, c, layer, direction) for direction in self.directions]
                finals.append({d: part[1] for d, part in zip(self.directions, parts, strict=True)})
                cells[:] = [cell for part in parts for cell in part[2]]
                y = _joined([part[0] for part in parts])
                y = dropped(y, self.dropout) if layer + 1 < self.layers else y
            return y

        output = self.wrapped(context, stacked)
        named = {"cell": _joined(cells)} if cells else {}
        return Parts(output, named, Final(tuple(finals)))

    def _direction(
        self, x: Value, c: Context, layer: int, direction: str
    ) -> tuple[Value, States, list[Value]]:
        """One cell in one direction: outputs, final state, and c at every place if it is wanted."""
        # torch.nn.Module has a method `forward`, so no module can be called that
        names = [str(layer)] * (self.layers > 1) + [f"{direction}s"] * (len(self.directions) > 1)
        lead = x.type.without(c.over, "feature")
        kept_of_x = kept((*lead.dims, ("feature", x.size("feature"))), self.input_dropout)
        x = x if kept_of_x is None else x * kept_of_x
        cell = self._dropping(self.cell(), lead)
        start = self._start(c, cell, layer, direction)
        with trace.scope(".".join(names)):
            reverse = direction == "backward"
            if "cell" not in c.wanted or layer + 1 < self.layers:
                y, final = recur(cell, x, start, over=c.over, length=c.length, reverse=reverse)
                return y, final, []
            if c.length is not None:
                raise ShapeError("the cell of an encoder is there at the end only: final.cell")
            return self._with_cells(cell, x, start, c.over)

    def _dropping(self, cell: GatedCell, lead: Type) -> GatedCell:
        """A cell that drops features of its state while training."""
        return replace(cell, kept=kept((*lead.dims, ("feature", self.size)), self.state_dropout))

    def _with_cells(
        self, cell: GatedCell, x: Value, start: States, over: str
    ) -> tuple[Value, States, list[Value]]:
        """A cell whose c is wanted at every place, which no kernel gives: a step for each place."""
        if cell.states < 2:
            raise ShapeError("only an lstm has a cell")

        def step(x: Value) -> Value:
            return concat(*recur(cell, x, start, over=over)[1], over="feature")

        both = each(step, (x,), over=over)
        into = (("state", 2), ("part", self.size))
        h, c = map(_renamed, unstack(split(both, axis="feature", into=into), axis="state"))
        return h, (h, c), [c]

    def _start(self, c: Context, cell: GatedCell, layer: int, direction: str) -> States:
        """The start of one direction: its half of a start of both."""
        size, states = self.size * len(self.directions), cell.states
        whole = cell_start(self.start, c, size, states, layer, self.layers)
        if len(self.directions) == 1:
            return whole
        half = self.directions.index(direction)
        into = (("direction", 2), ("part", self.size))
        halves = (unstack(split(v, axis="feature", into=into), axis="direction") for v in whole)
        return tuple(_renamed(parts[half]) for parts in halves)


def _renamed(value: Value) -> Value:
    return rename(value, part="feature")


def _joined(values: list[Value]) -> Value:
    return concat(*values, over="feature") if len(values) > 1 else values[0]


@dataclass(frozen=True)
class GatedCell(ABC):
    """What cells share: their sizes and weights.

    Attributes:
        size: features of the state.
        layer_norm: whether the sums of each gate are normalised.
        kept: factors of the state before its product, `[batch, feature]`; None drops nothing.
    """

    size: int
    layer_norm: bool = False
    kept: Value | None = field(default=None, kw_only=True)
    word: ClassVar[str] = ""
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    @property
    def kernel(self) -> str:
        """An engine's kernel knows no norms inside, and drops nothing of a state."""
        return "" if self.layer_norm or self.kept is not None else self.word

    @property
    def settings(self) -> dict[str, Any]:
        """What a kernel must know besides weights and states."""
        return {}

    @abstractmethod
    def __call__(self, x: Value, state: States) -> tuple[Value, States]:
        """The output of one step and the state after it, from x `[…, feature]` and the state."""

    def read(self, h: Value) -> Value:
        """The state as products of the cell read it."""
        return h if self.kept is None else h * self.kept

    def sums(self, name: str, x: Value, *, bias: bool = True) -> Value:
        """The product of x with the weights of all gates: `[…, gate, feature]`.

        The weight is stored `[gate feature, in]`.
        """
        within = Initial("uniform", self.size**-0.5)
        y = linear(
            name,
            x,
            bias=f"{name}_bias" if bias else None,
            initial=within if name == "state" else glorot(x.number("feature"), self.size),
            gate=self.gates,
            feature=self.size,
        )
        return self.normed(name, y)

    def normed(self, name: str, sums: Value) -> Value:
        """Sums of gates, normalised over the features of each gate if the cell has norms."""
        if not self.layer_norm:
            return sums
        scale = vector(f"{name}_norm", ONES, feature=self.size)
        bias = vector(f"{name}_norm_bias", ZEROS, feature=self.size)
        return norm(sums, scale, bias, over="feature", epsilon=1e-5)
