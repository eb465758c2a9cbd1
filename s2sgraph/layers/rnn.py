"""Simple recurrent layer."""

from __future__ import annotations

from typing import Literal

from s2sgraph.layers.recurrent import RecurrentLayer


class Rnn(RecurrentLayer, kind="rnn", main="size"):
    """`h = tanh(W x + b + R h + c)` (Elman 1990)."""

    activation: Literal["tanh", "relu"] = "tanh"
