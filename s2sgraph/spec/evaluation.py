"""Settings of evaluation: what is decoded of the development data, and how it is judged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.kinds import Chosen, Kind

Metrics = Annotated[tuple[Annotated[Kind, Chosen("metric")], ...], Field(strict=False)]
"""A list of metrics: `[wer, {kind: bleu, lowercase: true}]`."""


class Evaluate(Settings):
    """What is done with the development data at each validation, besides their loss.

    Attributes:
        sentences: most sources that are decoded, spread evenly over the data; 0 decodes none.
        metrics: what the answers are judged by; null takes what fits the target.
        shown: sources whose answers are written to the run folder, for people to read.
        pictures: whether curves and attention are drawn, if matplotlib is installed.
    """

    sentences: int = Field(default=500, ge=0)
    metrics: Metrics | None = None
    shown: int = Field(default=5, ge=0)
    pictures: bool = True
