"""What the settings of a kind are written with: the types of fields, rules and problems."""

from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import (
    Activation,
    Inputs,
    Name,
    Norm,
    Positive,
    Rate,
    Residual,
    Size,
)
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.references import Reference
from s2sgraph.spec.starts import (
    CopyStart,
    DenseStart,
    LastStart,
    LearnedStart,
    MeanStart,
    Start,
    StartKind,
    ZeroStart,
)

__all__ = [
    "Activation",
    "CopyStart",
    "DenseStart",
    "Inputs",
    "KeyPath",
    "LastStart",
    "LearnedStart",
    "MeanStart",
    "Name",
    "Norm",
    "Positive",
    "Problem",
    "Rate",
    "Reference",
    "Residual",
    "Settings",
    "Size",
    "Start",
    "StartKind",
    "ZeroStart",
    "rule",
]
