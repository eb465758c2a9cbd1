"""Which sides of a model its file can read and write as text, and how it then looks outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s2sgraph.exporting import ExportError
from s2sgraph.model.vocabularies import Table
from s2sgraph.text import SEPARATOR, Form, Spelling, Vocabulary, byte_pairs

CUT = ("words", "characters")
"""The kinds of units that operators of onnxruntime can cut a line into."""


def spelling_of(tables: Mapping[str, Table], graph: str, form: Form, copied: str = "") -> Spelling:
    """How the sides of a decode file are spelled.

    `copied` is the source whose words the output copies, if it copies any. Raises ExportError
    with all that cannot be spelled.
    """
    if graph != "decode":
        raise ExportError(f"text: a file of the graph {graph} takes ids; only decode takes lines")
    problems = []
    if "target" not in tables:
        problems.append("target: features are no text")
    if copied:
        problems.append(
            f"{copied}: words that no vocabulary has are copied from it, which no table of a file "
            "can spell. Without text, Session and run do"
        )
    problems += [
        f"{side}: {odd}" for side, table in tables.items() if (odd := _odd(side, table, form))
    ]
    if problems:
        raise ExportError("\n".join(problems))
    spelled = {side: table for side, table in tables.items() if isinstance(table, Vocabulary)}
    return Spelling(spelled, spelled.pop("target"), form)


def _odd(side: str, table: Table, form: Form) -> str:
    """Why a side cannot be spelled in this form; empty if it can."""
    without = "Without text, Session and run spell them all the same"
    cut = (*CUT, "subwords") if form == "extensions" else CUT
    if not isinstance(table, Vocabulary) or table.kind not in cut:
        more = "; for subwords, the form extensions" if table.kind == "subwords" else ""
        return (
            f"{table.kind} cannot be spelled by operators of a file; expected "
            f"{' or '.join(cut)}{more}. {without}"
        )
    if table.normalize and side != "target":
        return (
            f"no operator of a file normalizes text ({', '.join(table.normalize)}). "
            "Without text, Session and run do"
        )
    if form == "standard" and table.kind == "characters" and SEPARATOR in table.ordinary:
        return (
            f"U+{ord(SEPARATOR):04X} is a symbol, but it stands between the characters "
            "of a line; use the form onnxruntime"
        )
    if table.kind == "subwords":
        try:
            byte_pairs(table.units)
        except ValueError as error:
            return (
                f"{error}; expected subwords as `algorithm: bpe` learns them, which the form "
                f"extensions spells. {without}"
            )
    return ""


def spelled(interface: dict[str, Any], spelling: Spelling) -> dict[str, Any]:
    """The interface of a file, its sources taken and its results given as lines too."""
    inputs: list[dict[str, Any]] = []
    for given in interface["inputs"]:
        name = given["name"]
        if name in spelling.sources:
            separator = spelling.separator(name)
            between = f", U+{ord(separator):04X} between each two characters" if separator else ""
            lines = {"name": f"{name}_text", "dtype": "string", "axes": given["axes"][:1]}
            inputs.append({**lines, "meaning": f"a line each{between}", "separator": separator})
        elif name.removesuffix("_length") not in spelling.sources:
            inputs.append(given)
    axes = next(output["axes"] for output in interface["outputs"] if output["name"] == "lengths")
    text = {"name": "text", "dtype": "string", "axes": axes, "meaning": "the line of the tokens"}
    return {**interface, "inputs": inputs, "outputs": [*interface["outputs"], text]}
