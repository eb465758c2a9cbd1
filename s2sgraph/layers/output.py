"""Output layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from s2sgraph.graph import trace
from s2sgraph.graph.composed import ZEROS, glorot, linear, vector
from s2sgraph.graph.ops import dot, exp, maximum, minimum, take
from s2sgraph.graph.trace import weight
from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths
from s2sgraph.spec.kinds import Layer
from s2sgraph.spec.settings import Inputs, KeyPath, Problem, Reference, rule

FARTHEST = 20.0
"""The logarithm of a deviation stays within this, so that no deviation is zero or without end."""


class Output(Layer, kind="output"):
    """From the last values of a step to the scores of all symbols, or to a frame of features.

    Attributes:
        tied: the embedding whose table is the weight.
        bias: whether the product has a bias.
        copied: the attention (`copy:` in a spec) by whose weights words of the source are copied
            (See 2017); the result is log-probabilities, also of words that no vocabulary has.
        gate: what decides between making a word and copying one; by default the result of that
            attention, and what the layer reads.
        kind: for features, `linear` gives the frame and `gaussian` its mean and variance;
            `auto` is scores for tokens and `linear` for features.
        loss: of a linear frame: squared or absolute error.
    """

    tied: Reference | None = None
    bias: bool = True
    copied: Reference | None = Field(default=None, alias="copy")
    gate: Inputs | None = None
    kind: Literal["auto", "linear", "gaussian"] = "auto"
    loss: Literal["mse", "mae"] = "mse"

    @rule("copied", "gate")
    def _copies_this_step(self) -> Iterator[Problem]:
        if self.copied is None:
            if self.gate is not None:
                message = "a gate is for an output that copies"
                yield Problem(("gate",), message, "name the attention as copy", at_key=True)
        elif self.copied.previous:
            message = "copying is by the attention of the same step"
            yield Problem(("copy",), message, f"write {str(self.copied).partition('.')[2]}")
        elif self.copied.path[-1] == "weights":
            message = "copy names the attention, not its weights"
            yield Problem(("copy",), message, f"write {str(self.copied).rpartition('.')[0]}")

    @rule("kind", "loss")
    def _one_loss(self) -> Iterator[Problem]:
        if self.kind == "gaussian" and self.loss != "mse":
            message = "a gaussian output has a loss of its own, its likelihood"
            yield Problem(("loss",), message, "remove loss", at_key=True)

    @property
    def reads(self) -> tuple[Reference, ...]:
        """Its inputs and, where it copies, the weights to copy by and what the gate reads."""
        if self.copied is None:
            return self.inputs
        further = dict.fromkeys((*self._gate, weights_of(self.copied)))
        return (*self.inputs, *(r for r in further if r not in self.inputs))

    @property
    def _gate(self) -> tuple[Reference, ...]:
        """What the gate reads."""
        assert self.copied is not None
        return self.gate or (self.copied, *self.inputs)

    def references(self) -> Iterator[tuple[KeyPath, Reference]]:
        """Every reference, that of `copy` to the weights of the attention too."""
        yield from super().references()
        if self.copied is not None:
            yield ("copy",), weights_of(self.copied)

    def width(self, sizes: Widths) -> int:
        """Symbols of the target, or features of a frame."""
        return sizes.side

    def build(self, context: Context) -> Parts:
        """Trace the layer: scores `[…, symbol]`, or a frame `[…, feature]` and its `deviation`."""
        if context.tokens:
            scores = self._scores(context)
            return Parts(scores if context.words is None else self._mixed(scores, context))
        bias = "bias" if self.bias else None
        frame = linear("weight", context.x, bias=bias, feature=context.size)
        if self.kind != "gaussian":
            return Parts(frame)
        logarithm = linear("deviation", context.x, bias="deviation_bias", feature=context.size)
        within = minimum(maximum(logarithm, -FARTHEST), FARTHEST)
        return Parts(frame, {"deviation": exp(within)})

    def _scores(self, context: Context) -> Value:
        if context.shortlist is not None:
            return self._listed(context, context.shortlist)
        bias = "bias" if self.bias else None
        if self.tied is None:
            return linear("weight", context.x, bias=bias, symbol=context.size)
        x, table = context.x, self._table(context)
        y = dot(x, table, over=("feature",))
        return y + vector("bias", ZEROS, symbol=context.size) if self.bias else y

    def _listed(self, context: Context, symbols: Value) -> Value:
        """The scores of some symbols, by a product with their rows of the weight alone."""
        rows = take(self._table(context), symbols, over="symbol")
        y = dot(context.x, rows, over=("feature",))
        if not self.bias:
            return y
        return y + take(vector("bias", ZEROS, symbol=context.size), symbols, over="symbol")

    def _table(self, context: Context) -> Value:
        """The weight, `[symbol, feature]`: the layer's own, or that of the embedding."""
        x = context.x
        dims = (("symbol", context.size), ("feature", x.number("feature")))
        if self.tied is None:
            return weight("weight", Type("float", dims))
        with trace.at(context.tied(self.tied)):
            table = weight("weight", Type("float", dims))
        if table.size("feature") != x.size("feature"):
            raise ShapeError(
                f"what is below has {x.size('feature')} features, the vectors of {self.tied} "
                f"have {table.size('feature')}; put a dense of that size between"
            )
        return table

    def _mixed(self, scores: Value, context: Context) -> Value:
        """Log-probabilities of making each word or copying it (See 2017, eq. 8 and 9)."""
        assert self.copied is not None
        assert context.words is not None
        x = replace(context, inputs=tuple(context.now[r] for r in self._gate)).x
        size = x.number("feature")
        gate = dot(x, vector("gate", glorot(size, 1), feature=size), over=("feature",))
        gate = gate + vector("gate_bias", ZEROS)
        weights = context.now[weights_of(self.copied)]
        return context.words.mixed(scores, weights, gate, context.over)


def weights_of(attention: Reference) -> Reference:
    """The weights of an attention."""
    return Reference((*attention.path, "weights"), attention.previous)
