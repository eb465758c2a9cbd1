"""The error of metrics, and of the libraries that some of them need."""

from collections.abc import Iterator
from contextlib import contextmanager


class MetricError(Exception):
    """A figure that cannot be had; the text says why and what to do."""


@contextmanager
def library(name: str) -> Iterator[None]:
    """Turn a failed import into a MetricError that says how to install the library."""
    try:
        yield
    except ImportError:
        text = f"{name} is not installed; install it: pip install 's2sgraph[eval]'"
        raise MetricError(text) from None
