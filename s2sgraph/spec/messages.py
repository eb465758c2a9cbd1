"""Mistakes in plain words: what was expected, what is there, and what may have been meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from s2sgraph.spec.errors import Problem

_TYPE = "spec"
_LONGEST = 40


def refuse(message: str, hint: str = "", *, at_key: bool = False) -> PydanticCustomError:
    """An error for a validator to raise, in words that reach the user unchanged."""
    context = {"message": message, "hint": hint, "at_key": at_key}
    return PydanticCustomError(_TYPE, "{message}", context)


def problem_of(error: PydanticCustomError, *path: str | int, at_key: bool = False) -> Problem:
    """The problem that `refuse` made, at `path`."""
    context = error.context or {}
    return Problem(path, context["message"], context["hint"], at_key or context["at_key"])


@dataclass(frozen=True)
class Partial:
    """The good part of a value that has problems, for rules that can do without the rest."""

    value: Any


def partial_of(error: ValidationError) -> Partial | None:
    """The good part that `invalid` was given, if any."""
    parts = (detail["input"] for detail in error.errors(include_url=False))
    return next((part for part in parts if isinstance(part, Partial)), None)


def invalid(
    title: str, problems: Iterable[Problem], partial: Partial | None = None
) -> ValidationError:
    """One pydantic error that carries several problems, with their paths."""
    details: list[InitErrorDetails] = [
        {
            "type": refuse(problem.message, problem.hint, at_key=problem.at_key),
            "loc": problem.path,
            "input": partial,
        }
        for problem in problems
    ]
    return ValidationError.from_exception_data(title, details)


def problems_of(error: ValidationError) -> list[Problem]:
    """The problems inside a pydantic error, in plain words."""
    return [_problem(detail) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails) -> Problem:
    context = detail.get("ctx", {})
    if detail["type"] == _TYPE:
        return Problem(detail["loc"], context["message"], context["hint"], context["at_key"])
    value = detail["input"]
    if detail["type"] == "literal_error":
        words = [word.strip("'") for word in re.split(r", | or ", context["expected"])]
        message = f"expected {one_of(words)}, not {shown(value)}"
        return Problem(detail["loc"], message, did_you_mean(value, words))
    limits = {name: f"{x:g}" if isinstance(x, float) else x for name, x in context.items()}
    wanted = _WANTED.get(detail["type"], "something else").format(**limits)
    return Problem(
        detail["loc"], f"expected {wanted}, not {shown(value)}", _retype(detail["type"], value)
    )


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys and values",
    "model_type": "a mapping of settings",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "text that is not empty",
    "missing": "a value",
}


def _retype(kind: str, value: Any) -> str:
    """What to do about a value of the wrong type."""
    if isinstance(value, str):
        if kind in {"int_type", "float_type"} and re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", value):
            return "remove the quotes"
        if kind == "bool_type" and value.lower() in {"yes", "on", "no", "off", "true", "false"}:
            return f"write {'true' if value.lower() in {'yes', 'on', 'true'} else 'false'}"
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"write {int(value)}"
    return 'put it in quotes: "..."' if kind == "string_type" and _is_number(value) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def shown(value: Any) -> str:
    """A value as a message names it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "...")
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    if _is_number(value):
        return repr(value)
    return f"a {type(value).__name__}"


def one_of(words: Sequence[str]) -> str:
    """The words as a choice: `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


def did_you_mean(word: Any, words: Iterable[str]) -> str:
    """A hint when `word` looks like one of `words`, otherwise nothing."""
    if not isinstance(word, str) or len(word) > _LONGEST:
        return ""
    near = difflib.get_close_matches(word.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
