"""Cases of a test of which some run in `make test`, and the others among the long tests."""

from collections.abc import Container, Iterable
from typing import Any

import pytest


def long_but(short: Container[Any], cases: Iterable[Any]) -> list[Any]:
    """All cases as parameters; those that are not in `short` are long."""
    return [case if case in short else pytest.param(case, marks=pytest.mark.long) for case in cases]
