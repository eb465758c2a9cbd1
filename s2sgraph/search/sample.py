"""Sampling: symbols drawn at random, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from s2sgraph.graph.given import UNSET
from s2sgraph.graph.loops import carry, filled, renew, spread, step_number
from s2sgraph.graph.ops import (
    at_most,
    equal,
    extent,
    integer,
    iota,
    less,
    maximum,
    minimum,
    not_,
    or_,
    outer,
    places,
    select,
    take,
    top,
    total,
)
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Value
from s2sgraph.search.choices import Choices
from s2sgraph.search.counts import alone, whole
from s2sgraph.search.distribution import Distribution
from s2sgraph.search.noise import uniform
from s2sgraph.search.rules import Decoder, Found, Rules
from s2sgraph.search.search import Search
from s2sgraph.search.settings import AtRun, Number, Setting
from s2sgraph.spec.settings import Positive, Problem, Size, rule

LONGEST = 65536
"""Most symbols of a sample: the noise of all steps is drawn before the first."""
SAMPLES = Type("int", (("batch", None), ("beam", None)))
"""Samples are to a decoder what beams are."""


class Seed(Setting):
    """A seed: any integer but the one for which a file takes its own."""

    def among(self, inputs: Mapping[str, Value]) -> Number:
        """What the run says, if it is asked and says anything; else what the spec says."""
        said = inputs.get(self.name)
        return self.value if said is None else select(equal(said, UNSET), whole(self.value), said)


class Sample(Search, kind="sample", main="n_best"):
    """Symbols drawn at random, each with the probability that the model gives it.

    What is drawn for a sentence depends on the seed, the step and the number of the sample, and on
    nothing else: not on its place among others, nor on how many samples there are. A sample has at
    most 65,536 symbols.

    Attributes:
        n_best: samples of each sentence.
        temperature: what log-probabilities are divided by before all else.
        top_k: how many of the most likely symbols are drawn from; 0: all.
        top_p: the share of the most likely symbols, the fewest that have it, that are drawn from
            (Holtzman 2020).
        min_p: how likely a symbol is at least, compared to the most likely (Nguyen 2024).
        seed: what the noise depends on.
    """

    n_best: Annotated[Size, AtRun("samples of each sentence")] = 1
    temperature: Annotated[
        Positive, AtRun("what log-probabilities are divided by; 0: the best symbol", "float")
    ] = 1.0
    top_k: Annotated[
        int, Field(ge=0, le=2**31 - 1), AtRun("how many symbols are drawn from; 0: all")
    ] = 0
    top_p: Annotated[
        float, Field(gt=0, le=1), AtRun("share of the symbols that are drawn from", "float")
    ] = 1.0
    min_p: Annotated[
        float, Field(ge=0, le=1), AtRun("least chance, compared to the best symbol", "float")
    ] = 0.0
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 0

    @rule("max_length")
    def _not_too_long(self) -> Iterator[Problem]:
        if self.max_length > LONGEST:
            message = f"a sample has at most {LONGEST} symbols"
            yield Problem(("max_length",), message, "ask for fewer", at_key=True)

    def settings(self) -> Iterator[Setting]:
        """Those of all searches, and the seed."""
        yield from super().settings()
        yield Seed("seed", "any integer; another seed, other samples", "int", self.seed)

    def search(self, decoder: Decoder, rules: Rules) -> Found:
        """Trace the search; see `Search.search`. The best samples come first."""
        rules = replace(rules, trips=minimum(rules.trips, LONGEST))
        distribution = Distribution.of(rules.settings)
        samples = iota(maximum(whole(rules.settings["n_best"]), 1), into="beam")
        steps = iota(maximum(rules.trips, 1), into="draw")
        noise = uniform(rules.settings["seed"], steps, samples)
        begun = spread(or_(rules.begun(), at_most(rules.trips, 0)), SAMPLES)
        names: list[str] = []

        def body() -> tuple[Value, tuple[Value, ...], tuple[Value, ...]]:
            choices = Choices(rules, SAMPLES)
            token = carry(filled(SAMPLES.dims, dtype="int", value=rules.special.bos))
            done = carry(begun)
            logits, further = decoder.step(token)
            choices.weigh(logits, decoder.chances(logits))
            wishes = choices.open()
            drawn = distribution.draw(wishes, take(noise, step_number(), over="draw"))
            wish, named = take(wishes, drawn, over="symbol"), choices.named(drawn)
            names[:] = further
            over = choices.over(done, wish)
            after = rules.done(over, named)
            renew(token, named)
            renew(done, after)
            choices.renew(drawn)
            values = (spread(value, SAMPLES) for value in further.values())
            return after, (named, choices.chance(drawn, wish), over, *values), ()

        (symbols, chances, over, *further), _ = rules.repeat(body, (rules.special.pad, 0.0, True))
        columns = {"tokens": symbols, "token_scores": chances}
        return _best_first(columns | dict(zip(names, further, strict=True)), not_(over), rules)


def _best_first(columns: Found, live: Value, rules: Rules) -> Found:
    """The samples, the most likely first, from what all steps have left: `[length, batch, beam]`.

    What comes after the end of a sample is blank.
    """
    sums = total(select(live, columns["token_scores"], 0.0), over="length")
    scores, which = top(sums, alone(extent(sums, over="beam")), over="beam", into="n_best")
    lengths = take(total(integer(live), over="length"), which, over="beam")
    result = {"lengths": lengths, "scores": scores}
    for name, column in columns.items():
        inside = outer(less, places(column, over="length"), lengths)
        blank = rules.special.pad if name == "tokens" else 0.0
        result[name] = rules.cut(select(inside, take(column, which, over="beam"), blank))
    return result
