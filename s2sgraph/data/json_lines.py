"""Files with one JSON object on each line: texts, ids and feature vectors by name."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from s2sgraph.data.errors import Fault
from s2sgraph.data.fields import Field, Row, empty_sides
from s2sgraph.data.lines import LONGEST, scan_file
from s2sgraph.data.policies import Place, Policy, Record, Report, sifted

LONGEST_JSON = 64 * LONGEST
"""Bytes of a line of JSON, which may hold many feature vectors."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def parsed(text: str) -> Any:
    """What a line of JSON says. Raises ValueError, for NaN and infinities too."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _row(text: str, number: int, fields: Mapping[str, Field]) -> tuple[Row | None, list[Fault]]:
    """The row that a line of JSON holds, if any, and every fault in it."""
    try:
        form = parsed(text)
    except ValueError as error:
        return None, [Fault(number, f"bad JSON ({error})", "one JSON object on each line")]
    if not isinstance(form, dict):
        return None, [Fault(number, f"a {type(form).__name__}", "one JSON object on each line")]
    row: Row = {}
    faults = [
        Fault(number, f"unknown name {name[:40]!r}", ", ".join(fields))
        for name in form
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in form:
            faults.append(Fault(number, f"no {name!r}", field.expected))
            continue
        try:
            row[name] = field.value(form[name])
        except (ValueError, OverflowError, TypeError) as error:
            faults.append(Fault(number, f"bad {name!r} ({error})", field.expected))
    return (None if faults else row), faults


def json_records(path: str | Path, fields: Mapping[str, Field]) -> Iterator[Record[Row]]:
    """Every line of a file (plain, or gzip by its name) as a record; it may be 64 MB long."""
    for line in scan_file(path, LONGEST_JSON):
        row, faults = _row(line.text, line.number, fields)
        odd = [*line.faults, *faults, *empty_sides(row or {}, line.number)]
        yield Record(Place(str(path), line.number), row, tuple(odd))


def read_json_lines(
    path: str | Path, fields: Mapping[str, Field], policy: Policy = "error"
) -> tuple[list[Row], Report]:
    """The rows of a file that holds one JSON object on each line, and what was left out.

    The policies are those of `read_parallel`.
    """
    return sifted(json_records(path, fields), policy, path, "JSON objects")
