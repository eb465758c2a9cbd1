"""chrF."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from s2sgraph.metrics.errors import library
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.sacrebleu_scores import corpus_figure
from s2sgraph.metrics.samples import TextSample


class Chrf(TextMetric, kind="chrf"):
    """chrF of the whole corpus (Popovic 2015), 0 to 100, by sacrebleu.

    Attributes:
        word_order: longest n-gram of words that counts too; 2 is chrF++ (Popovic 2017).
        lowercase: whether case does not count.
    """

    rises: ClassVar[bool] = True

    word_order: int = Field(default=0, ge=0, le=6)
    lowercase: bool = False

    def figure(self, samples: Sequence[TextSample]) -> Figure:
        """The figure of all samples together."""
        with library("sacrebleu"):
            from sacrebleu.metrics.chrf import CHRF
        return corpus_figure(CHRF(word_order=self.word_order, lowercase=self.lowercase), samples)
