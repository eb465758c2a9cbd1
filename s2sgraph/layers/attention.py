"""Attention over an encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from s2sgraph.attention.additive import Additive
from s2sgraph.attention.memory import Memory
from s2sgraph.attention.score import Score
from s2sgraph.attention.windows import GlobalWindow, Window
from s2sgraph.graph.composed import attend, dropped
from s2sgraph.graph.loops import carry, filled, renew
from s2sgraph.graph.ops import and_, dot, select
from s2sgraph.graph.values import Value
from s2sgraph.layers.building import Context, Parts, Widths, masked
from s2sgraph.layers.heads import heads_of, mean_over_heads, merged_heads, per_head
from s2sgraph.layers.residual import ResidualLayer
from s2sgraph.spec.kinds import BELOW, Chosen, absorb
from s2sgraph.spec.settings import Inputs, Problem, Rate, Reference, Size, Start, ZeroStart, rule

ENCODER = Reference(("encoder",))


class Attention(ResidualLayer, kind="attention", main="score"):
    """The mean of the memory, weighted by how well each place fits the query.

    The settings of the score stand beside it: `{score: additive, size: 64, normalize: true}`.
    Without heads there are no products but those of the score.

    Attributes:
        inputs: the query (`query:` in a spec).
        memory: what is attended to.
        score: how a query fits a place.
        heads: number of heads, with products for query, key, value and result.
        size: with heads, features of query, key and value of all heads together; by default of
            the query.
        bias: with heads, whether the four products have a bias.
        window: the places that one step sees.
        coverage: whether the sum of past weights enters the score (Tu 2016, See 2017).
        attention_dropout: rate on the weights.
        start: the result before the first step, for `prev.`.
    """

    beside: ClassVar[tuple[str, ...]] = ("score",)

    inputs: Inputs = Field(default=(BELOW,), alias="query")
    memory: Reference = ENCODER
    score: Annotated[Score, Chosen("score")] = Additive()
    heads: Size | None = None
    size: Size | None = None
    bias: bool = True
    window: Annotated[Window, Chosen("window")] = GlobalWindow()
    coverage: bool = False
    attention_dropout: Rate = 0.0
    start: Start = ZeroStart()

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Move the settings of the score into it; with heads, `size` and `bias` stay here."""
        kept = cls.keys() if data.get("heads") is not None else cls.keys().keys() - {"size", "bias"}
        return absorb(data, "score", Additive.word, kept, cls.keys())

    @classmethod
    def flatten(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Put the settings of the score beside it again."""
        score = data.get("score")
        if isinstance(score, dict):
            data |= {**score, "score": score["kind"]}
            del data["kind"]
        return data

    @rule("heads", "score")
    def _heads_need_a_dot(self) -> Iterator[Problem]:
        if self.heads is not None and not self.score.headed:
            message = f"heads need score scaled_dot or dot, not {self.score.word}"
            yield Problem(("heads",), message, "write score: scaled_dot", at_key=True)

    @rule("heads", "window")
    def _heads_see_everything(self) -> Iterator[Problem]:
        if self.heads is not None and not isinstance(self.window, GlobalWindow):
            message = f"heads see all places; window {self.window.word} is for attention without"
            yield Problem(("window",), message, "remove heads or window", at_key=True)

    @rule("heads", "size", "bias", "score")
    def _products_need_heads(self) -> Iterator[Problem]:
        if self.heads is None:
            for key in ("size", "bias"):
                if getattr(self, key) != type(self).model_fields[key].default:
                    message = (
                        f"{key} is for the products of heads; score {self.score.word} has none"
                    )
                    yield Problem((key,), message, "add heads, or remove it", at_key=True)

    @rule("coverage", "score")
    def _coverage_has_room(self) -> Iterator[Problem]:
        if self.coverage and not self.score.covering:
            message = f"coverage needs score additive, not {self.score.word}"
            yield Problem(("coverage",), message, "write score: additive", at_key=True)

    @property
    def keeps(self) -> bool:
        """Coverage is the sum of the weights of all steps before; windows may need the last."""
        return self.coverage or self.window.keeps

    def width(self, sizes: Widths) -> int:
        """Features of the output: with heads, those of the query; else those of the memory."""
        return sum(sizes.inputs) if self.heads is not None else sizes.of(self.memory)

    def build(self, context: Context) -> Parts:
        """Trace the layer; the named part `weights` is `[…, source]`.

        With heads it is their mean, and the part `heads` is `[…, head, source]`.
        """
        memory = context.memory(self.memory)
        named: dict[str, Value] = {}

        def attended(c: Context) -> Value:
            if self.heads is None:
                result, named["weights"] = self._whole(c, memory)
            else:
                result, named["heads"] = self._heads(c, memory)
                named["weights"] = mean_over_heads(named["heads"])
            return result

        return Parts(self.wrapped(context, attended), named)

    def _heads(self, c: Context, memory: Memory) -> tuple[Value, Value]:
        """Attention of several heads: the result, and the weights of each."""
        query, mask, over = c.x, memory.mask, memory.axis
        split = per_head(self.heads or 1, self.size or query.number("feature"))
        queries = heads_of("query", query, split, bias=self.bias)
        keys = heads_of("key", memory.values, split, bias=self.bias)
        values = heads_of("value", memory.values, split, bias=self.bias, into="value")
        if not self.score.scaled:
            queries = queries * queries.number("key") ** 0.5  # `attend` divides by it
        values, rate = masked(values, mask), self.attention_dropout
        found, weights = attend(queries, keys, values, mask, over=over, rate=rate)
        out = merged_heads("out", found, query.number("feature"), bias=self.bias)
        return out, weights

    def _whole(self, c: Context, memory: Memory) -> tuple[Value, Value]:
        query, over = c.x, memory.axis
        covered = None
        if self.coverage:
            covered = carry(filled((*c.lead.dims, (over, None))))
        scores = self.score.compare(query, memory, covered)
        seen, factor = self.window.seen(query, memory, c.over)
        mask, reached = memory.mask if seen is None else seen, self.score.reached(memory)
        mask = mask if reached is None else and_(mask, reached)
        shares = self.window.shares(scores, mask, c.lead, over)
        weights = select(mask, shares, 0.0)
        if factor is not None:
            weights = weights * factor
        if covered is not None:
            renew(covered, covered + weights)
        # the values behind a sentence's end are zero, so only a window needs its weights masked
        used = shares if seen is None else weights
        values = masked(memory.values, memory.mask)
        return dot(dropped(used, self.attention_dropout), values, over=(over,)), weights
