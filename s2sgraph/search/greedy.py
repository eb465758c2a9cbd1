"""Greedy search: the best symbol at every step."""

from __future__ import annotations

from s2sgraph.graph.loops import carry, filled, renew
from s2sgraph.graph.ops import (
    equal,
    integer,
    not_,
    select,
    total,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.search.best import best
from s2sgraph.search.choices import Choices
from s2sgraph.search.rules import Decoder, Found, Rules, one_best
from s2sgraph.search.search import Search

ROWS = Type("int", (("batch", None),))


class Greedy(Search, kind="greedy"):
    """The best symbol at every step; the lowest id wins a tie."""

    def search(self, decoder: Decoder, rules: Rules) -> Found:
        """Trace the search; see `Search.search`.

        A step chooses and emits; what can be told from all steps together is computed after the
        loop.
        """
        names: list[str] = []

        def body() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            choices = Choices(rules, ROWS)
            token = carry(filled(ROWS.dims, dtype="int", value=rules.special.bos))
            done = carry(rules.begun())
            logits, further = decoder.step(token)
            choices.weigh(logits, decoder.chances(logits))
            wishes = choices.open()
            found, wish = best(wishes)
            names[:] = further
            over = choices.over(done, wish)
            chosen = select(over, rules.special.pad, choices.named(found))
            after = rules.done(over, chosen)
            renew(token, chosen)
            renew(done, after)
            choices.renew(found)
            return after, (chosen, choices.chance(found, wish), *further.values()), ()

        (tokens, chances, *further), _ = rules.repeat(body, (rules.special.pad,))
        tokens = rules.cut(tokens)
        live = not_(equal(tokens, rules.special.pad))
        scores = select(live, rules.cut(chances), 0.0)
        found = {
            "tokens": tokens,
            "lengths": total(integer(live), over="length"),
            "scores": total(scores, over="length"),
            "token_scores": scores,
        }
        for name, column in zip(names, further, strict=True):
            found[name] = select(live, rules.cut(column), 0.0)
        return {name: one_best(value) for name, value in found.items()}
