"""Plain scalars of YAML 1.2, core schema: `1e-3` is a number and `no` is text."""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

DIGITS = 40
"""Longest number; nothing in a spec needs more."""

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")


def resolve(text: str) -> Scalar:
    """The value of a scalar written without quotes.

    Raises:
        ValueError: a number of more than 40 characters.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    for pattern, read in _READERS:
        if pattern.fullmatch(text):
            if len(text) > DIGITS:
                raise ValueError(f"a number of {len(text)} characters; the most is {DIGITS}")
            return read(text)
    return None


def _infinite(text: str) -> float:
    return float(text.replace(".", ""))


_READERS = (
    (_INTEGER, int),
    (_OCTAL, lambda text: int(text[2:], 8)),
    (_HEXADECIMAL, lambda text: int(text[2:], 16)),
    (_FLOAT, float),
    (_INFINITE, _infinite),
    (_NAN, lambda text: float("nan")),
)
