"""BLEU."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from s2sgraph.metrics.errors import library
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.sacrebleu_scores import corpus_figure
from s2sgraph.metrics.samples import TextSample


class Bleu(TextMetric, kind="bleu"):
    """BLEU of the whole corpus (Papineni 2002), 0 to 100, by sacrebleu (Post 2018).

    Attributes:
        tokenize: how sacrebleu cuts lines into words; `none` takes them as they are given.
        lowercase: whether case does not count.
    """

    rises: ClassVar[bool] = True

    tokenize: Literal["none", "13a", "intl", "char", "zh"] = "none"
    lowercase: bool = False

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        with library("sacrebleu"):
            from sacrebleu.metrics.bleu import BLEU
        # Forced: sacrebleu would warn of each corpus that looks tokenized, which `none` is for.
        metric = BLEU(tokenize=self.tokenize, lowercase=self.lowercase, force=True)
        return corpus_figure(metric, samples)
