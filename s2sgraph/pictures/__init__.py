"""Pictures, drawn by matplotlib where it is installed."""

from importlib.util import find_spec

MISSING = "pictures need matplotlib: pip install 's2sgraph[plot]'"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None
