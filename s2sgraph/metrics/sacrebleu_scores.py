"""What the metrics that sacrebleu computes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.samples import TextSample


def corpus_figure(metric: Any, samples: Sequence[TextSample]) -> Figure:
    """The score of a sacrebleu metric over all samples, 0 to 100, with its signature."""
    if not samples:
        raise MetricError(f"no sample for {type(metric).__name__}")
    most = max(len(sample.references) for sample in samples)
    # A stream has one reference of every sample; sacrebleu reads None as none.
    streams = [
        [s.references[n].line if n < len(s.references) else None for s in samples]
        for n in range(most)
    ]
    score = metric.corpus_score([sample.answer.line for sample in samples], streams)
    signature = metric.get_signature().format()
    references = sum(len(sample.references) for sample in samples)
    counted = f"{len(samples):,} sources, {references:,} references"
    return Figure(score.score, f"{score.score:.2f}", counted, signature)
