"""Beam search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from s2sgraph.search.frontier import Frontier
from s2sgraph.search.penalties import LengthPenalty, NoPenalty
from s2sgraph.search.rules import Decoder, Found, Rules
from s2sgraph.search.search import Search
from s2sgraph.search.settings import AtRun, Setting
from s2sgraph.spec.kinds import Chosen
from s2sgraph.spec.settings import Problem, Size, rule


class Beam(Search, kind="beam", main="beams"):
    """The best hypotheses of every step go on.

    Of all continuations, the best that do not end go on, as many as there are beams. One that ends
    is kept among the best that ended, if it is at least as good as the last that goes on: so one
    beam is greedy search. At its limit a hypothesis counts as it is.

    Attributes:
        beams: hypotheses that go on from step to step.
        n_best: hypotheses of a result, no more than beams.
        length_penalty: how hypotheses of different lengths are ranked.
        coverage_penalty: weight of the penalty for places of the source that no step has attended
            to (Wu 2016, eq. 14).
        stop: `exact`: when nothing that goes on can be among the best any more; `first`: when as
            many have ended as are wanted.
    """

    beams: Annotated[Size, AtRun("hypotheses that go on from step to step")] = 4
    n_best: Annotated[Size, AtRun("hypotheses of a result, no more than beams")] = 1
    length_penalty: Annotated[LengthPenalty, Chosen("length_penalty")] = NoPenalty()
    coverage_penalty: Annotated[
        float, Field(ge=0), AtRun("weight of the coverage penalty", "float")
    ] = 0.0
    stop: Literal["exact", "first"] = "exact"

    @rule("beams", "n_best")
    def _enough_beams(self) -> Iterator[Problem]:
        if self.n_best > self.beams:
            message = f"n_best is {self.n_best}, but there are only {self.beams} beams"
            yield Problem(("n_best",), message, "ask for more beams", at_key=True)

    def settings(self) -> Iterator[Setting]:
        """Those of all searches, the length penalty as two numbers, and when to stop."""
        yield from super().settings()
        alpha, offset = self.length_penalty.form
        form = "of the length penalty ((offset + length) / (offset + 1)) ** alpha"
        yield Setting("length_penalty", f"alpha {form}", "float", alpha)
        yield Setting("length_offset", f"offset {form}", "float", offset)
        stop = "0: when nothing better can come; 1: when n_best have ended"
        yield Setting("stop", stop, "int", int(self.stop == "first"))

    def search(self, decoder: Decoder, rules: Rules) -> Found:
        """Trace the search; see `Search.search`. `ranking` is what hypotheses are ordered by."""
        return Frontier(decoder, rules).search()
