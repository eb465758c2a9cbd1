"""Long short-term memory."""

from __future__ import annotations

from s2sgraph.layers.recurrent import RecurrentLayer


class Lstm(RecurrentLayer, kind="lstm", main="size"):
    """Gates i, f, g, o: `c = s(f)*c + s(i)*tanh(g)`, `h = s(o)*tanh(c)` (Gers 2000)."""
