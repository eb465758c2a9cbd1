"""Knowledge distillation: a student learns from what trained models predict."""

from __future__ import annotations

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.fields import Positive, Size


class Distillation(Settings):
    """What a student learns from its teachers at every place of the target, besides the truth.

    The loss is the divergence of the student's distribution from the mean of the teachers'
    (Hinton 2015; Kim and Rush 2016, section 3.1).

    Attributes:
        weight: what it is multiplied by where it is added to the loss.
        temperature: what the logarithms of both are divided by; above 1, what is unlikely counts
            more. The loss is multiplied by its square, so that its gradient stays as large.
        symbols: how many of a teacher's most likely symbols are kept of a place; what is left of
            its probability is spread evenly over the others.
    """

    weight: Positive = 1.0
    temperature: Positive = 1.0
    symbols: Size = 8
