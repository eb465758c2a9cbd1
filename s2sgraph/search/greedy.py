"""Greedy search: the best symbol at every step."""

from __future__ import annotations

from s2sgraph.graph.loops import carry, filled, loop, renew
from s2sgraph.graph.ops import (
    argmax,
    equal,
    every,
    greatest,
    integer,
    log_softmax,
    mul,
    not_,
    number,
    or_,
    select,
    total,
)
from s2sgraph.graph.values import Value
from s2sgraph.search.rules import Rules, Step, one_best
from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Positive, Size


class Greedy(Kind, kind="greedy", family="search"):
    """The best symbol at every step; the lowest id wins a tie.

    Attributes:
        max_length: most symbols of a result, the end symbol included.
        max_length_ratio: most symbols for each place of the sentence's own source; the smaller
            of the two limits holds.
    """

    max_length: Size = 256
    max_length_ratio: Positive | None = None

    def limits(self, length: Value) -> Value | None:
        """Most symbols of each row, by the length of its source: `int[batch]`; None if alike."""
        if self.max_length_ratio is None:
            return None
        return integer(mul(number(length), self.max_length_ratio))

    def search(self, step: Step, rules: Rules) -> dict[str, Value]:
        """Symbols `[length, batch, n_best]`, their lengths and scores `[batch, n_best]`.

        And the further values of each step, by name. A step chooses and emits; what can be told
        from all steps together is computed after the loop.
        """
        names: list[str] = []

        def body() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            token = carry(filled((("batch", None),), dtype="int", value=rules.special.bos))
            done = carry(rules.begun())
            logits, further = step(token)
            chances = rules.allowed(log_softmax(logits, over="symbol"))
            best = select(done, rules.special.pad, argmax(chances, over="symbol"))
            names[:] = further
            after = done
            if rules.ends:
                after = or_(after, equal(best, rules.special.eos))
            if rules.limits is not None:
                after = or_(after, rules.reached())
            renew(token, best)
            renew(done, after)
            return every(after), (best, greatest(chances, over="symbol"), *further.values()), ()

        (tokens, chances, *further), _ = loop(body, rules.trips, into="length")
        tokens = rules.cut(tokens)
        live = not_(equal(tokens, rules.special.pad))
        scores = total(select(live, rules.cut(chances), 0.0), over="length")
        found = {"tokens": tokens, "lengths": total(integer(live), over="length"), "scores": scores}
        for name, column in zip(names, further, strict=True):
            found[name] = select(live, rules.cut(column), 0.0)
        return {name: one_best(value) for name, value in found.items()}
