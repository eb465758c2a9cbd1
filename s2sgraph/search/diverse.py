"""Diverse beam search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from s2sgraph.search.beam import Beam
from s2sgraph.search.groups import Groups
from s2sgraph.search.rules import Decoder, Found, Rules
from s2sgraph.search.settings import AtRun
from s2sgraph.spec.settings import Problem, Size, rule


class Diverse(Beam, kind="diverse"):
    """Beam search in groups that are kept apart (Vijayakumar 2016).

    At every step the groups choose one after the other, and a symbol costs `strength` for every
    time that the groups before have chosen it (Hamming diversity). The cost counts for the choice
    alone: scores and ranking are those of a beam search, and the results are the best of all
    groups. Of beams that cannot be shared out evenly, a run leaves some unused.

    Attributes:
        groups: how many groups share the beams.
        strength: what a symbol costs that an earlier group has chosen.
    """

    groups: Size = 2
    strength: Annotated[
        float, Field(ge=0, le=1e6), AtRun("cost of what an earlier group has chosen", "float")
    ] = 0.5

    @rule("beams", "groups")
    def _even_groups(self) -> Iterator[Problem]:
        if self.beams % self.groups:
            message = f"{self.beams} beams cannot be shared out evenly to {self.groups} groups"
            yield Problem(("groups",), message, "choose a divisor of beams", at_key=True)

    def search(self, decoder: Decoder, rules: Rules) -> Found:
        """Trace the search; see `Search.search`. `ranking` is what hypotheses are ordered by."""
        return Groups(decoder, rules, self.groups).search()
