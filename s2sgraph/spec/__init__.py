"""The spec language: text in, a checked and frozen `Spec` out, or one error with every problem."""

from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.dumping import dump
from s2sgraph.spec.errors import Problem, SpecError
from s2sgraph.spec.fields import Activation, Inputs, Name, Norm, Rate, Residual, Size
from s2sgraph.spec.items import Block, layers
from s2sgraph.spec.json_schema import json_schema
from s2sgraph.spec.kinds import BELOW, Chosen, Kind, Layer, kinds, references
from s2sgraph.spec.loading import load, loads
from s2sgraph.spec.places import KeyPath, Places
from s2sgraph.spec.references import Reference
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.starts import (
    CopyStart,
    DenseStart,
    LastStart,
    LearnedStart,
    MeanStart,
    Start,
    ZeroStart,
)

__all__ = [
    "BELOW",
    "Activation",
    "Block",
    "Chosen",
    "CopyStart",
    "DenseStart",
    "Inputs",
    "KeyPath",
    "Kind",
    "LastStart",
    "Layer",
    "LearnedStart",
    "MeanStart",
    "Name",
    "Norm",
    "Places",
    "Problem",
    "Rate",
    "Reference",
    "Residual",
    "Settings",
    "Size",
    "Spec",
    "SpecError",
    "Start",
    "ZeroStart",
    "dump",
    "json_schema",
    "kinds",
    "layers",
    "load",
    "loads",
    "references",
    "rule",
]
