"""Runs an exported file with onnxruntime and numpy: no torch, no compiler."""

from s2sgraph.runtime.contract import Contract, Input, Output
from s2sgraph.runtime.errors import DeadlineError, ModelError
from s2sgraph.runtime.results import Hypothesis, Result
from s2sgraph.runtime.scoring import Score
from s2sgraph.runtime.session import Session

__all__ = [
    "Contract",
    "DeadlineError",
    "Hypothesis",
    "Input",
    "ModelError",
    "Output",
    "Result",
    "Score",
    "Session",
]
