"""Windows: the places of the memory that one step of attention sees (Luong 2015)."""

from __future__ import annotations

from s2sgraph.spec.kinds import Kind
from s2sgraph.spec.settings import Size


class Window(Kind, family="window"):
    """The places of the memory that one step sees; positions count from 0."""


class GlobalWindow(Window, kind="global"):
    """All places."""


class LocalWindow(Window, main="width"):
    """`[p - width, p + width]` around a centre p; the softmax runs over the window only.

    Attributes:
        width: D, the places on each side of the centre.
    """

    width: Size = 10


class LocalMonotonic(LocalWindow, kind="local_m", main="width"):
    """The centre is the step: `p_t = t`."""


class LocalPredictive(LocalWindow, kind="local_p", main="width"):
    """The centre is predicted: `p_t = S * sigmoid(v . tanh(W s_t))`, S the sentence's own length.

    Weights are multiplied by `exp(-(j - p_t)^2 / (2 (width/2)^2))` after the softmax.

    Attributes:
        size: rows of W; by default the size of the query.
    """

    size: Size | None = None
