"""Copying: symbols of the source beside those of the vocabulary (See, Liu and Manning 2017)."""

from __future__ import annotations

from dataclasses import dataclass

from s2sgraph.graph.composed import HIDDEN
from s2sgraph.graph.loops import filled, spread
from s2sgraph.graph.ops import (
    and_,
    concat,
    exp,
    greatest,
    iota,
    less,
    log,
    maximum,
    minimum,
    outer,
    rename,
    scatter,
    select,
    softmax,
    total,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value

LEAST = 1e-37
"""What stands for a probability of zero: small, but not too small for single precision."""


@dataclass(frozen=True)
class Words:
    """The words of a source: symbols of the vocabulary, and others that stand in that sentence.

    The others of each sentence have the ids from `size` on, no more of them than it has places.

    Attributes:
        ids: of the source, `int[batch, AXIS]`, AXIS being `axis`; `unknown` stands for ids that
            are no word of the sentence.
        own: how many words of its own each sentence has: `int[batch]`.
        reach: the symbols that a sentence has, `bool[batch, symbol]`, where `symbol` runs over the
            vocabulary and as many words as the sentence has that has most.
        extra: those places behind the vocabulary: `int[word]`.
        axis: the axis of the source.
        size: V, the symbols of the vocabulary.
        unknown: the id that stands for symbols that are not in the vocabulary.
    """

    ids: Value
    own: Value
    reach: Value
    extra: Value
    axis: str
    size: int
    unknown: int

    @classmethod
    def of(
        cls, ids: Value, mask: Value, length: Value, axis: str, *, size: int, unknown: int
    ) -> Words:
        """The words of a source, from its ids `[batch, AXIS]`, mask and length `[batch]`."""
        ids = select(and_(mask, less(ids, length + size)), ids, unknown)
        own = maximum(greatest(ids, over=axis) - (size - 1), 0)
        most = greatest(own, over="batch")
        symbols = iota(most + size, into="symbol")
        reach = outer(less, symbols, own + size)
        return cls(ids, own, reach, iota(most, into="word"), axis, size, unknown)

    def known(self, ids: Value) -> Value:
        """Ids with `unknown` in place of words that are not in the vocabulary."""
        return select(less(ids, self.size), ids, self.unknown)

    def within(self, ids: Value) -> Value:
        """Ids `[batch, …]` with `unknown` in place of what is no word of the sentence."""
        return select(less(ids, self.own + self.size), ids, self.unknown)

    def mixed(self, scores: Value, weights: Value, gate: Value, over: str) -> Value:
        """Log-probabilities of the words: to make one of the vocabulary, or to copy one.

        `g softmax(scores) + (1 - g) sum of weights` (eq. 9), g being the sigmoid of the gate. Where
        the weights add up to less than 1, both parts grow alike.

        Args:
            scores: of the vocabulary, `[…, symbol]`.
            weights: of the places of the source, `[…, AXIS]`.
            gate: `[…]`.
            over: the axis of the steps, if there is one.
        """
        sizes = scores.type.sizes | weights.type.sizes | gate.type.sizes
        lead = Type("float", tuple((a, sizes[a]) for a in ("batch", "beam", over) if a in sizes))
        scores, weights, gate = (spread(value, lead) for value in (scores, weights, gate))
        # g and 1 - g but for a factor of both: exact also where one of them is very small. Some
        # chance is left to make a word, for there may be none to copy.
        make, copy = maximum(exp(minimum(gate, 0.0)), LEAST), exp(minimum(gate * -1.0, 0.0))
        whole = make + copy * total(weights, over=self.axis)
        made = softmax(scores, over="symbol") * (make / whole)
        room = filled((*lead.dims, ("word", None)))  # as many as `extra` are
        wide = rename(concat(rename(made, symbol="word"), room, over="word"), word="symbol")
        copied = weights * (copy / whole)
        both = scatter(wide, self.ids, copied, over="symbol", how="add")
        return self.within_reach(log(maximum(both, LEAST)))

    def within_reach(self, chances: Value) -> Value:
        """Log-probabilities `[…, symbol]`, `HIDDEN` for words that the sentence has not."""
        return select(self.reach, chances, HIDDEN)
