"""`check`: every mistake in a spec, what a line becomes, or the schema of the language."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2sgraph.cli.specs import Changes, load_spec

if TYPE_CHECKING:
    from s2sgraph.model.vocabularies import Table
    from s2sgraph.spec import Spec


def check(
    specs: Annotated[list[Path] | None, typer.Argument(help="The specs to check.")] = None,
    changes: Changes = None,
    lines: Annotated[
        list[str] | None,
        typer.Option(
            "--line",
            metavar="TEXT",
            help="Show what a line becomes: a source, or source TAB target.",
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of specs, for editors.")
    ] = False,
) -> None:
    """Check specs and report every mistake with its place. Needs no torch.

    With --line, also show how lines are normalized and cut, and which ids the model gets; for
    that the vocabularies must be there: in the spec of a run folder, they are.
    """
    from s2sgraph.model import sketch
    from s2sgraph.spec import SpecError, json_schema

    if schema:
        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return
    if not specs:
        raise typer.BadParameter("expected at least one spec, or --schema", param_hint="SPECS")
    mistakes = 0
    for path in specs:
        try:
            spec = load_spec(path, changes)
            sketch(spec)
            shown = [_shown(spec, line) for line in lines or ()]
        except SpecError as error:
            mistakes += len(error.problems)
            typer.echo(str(error), err=True)
        else:
            typer.echo(f"{path}: no mistakes")
            for text in shown:
                typer.echo(text)
    if mistakes:
        typer.echo(f"{mistakes} mistake{'s' if mistakes > 1 else ''}", err=True)
        raise typer.Exit(2)


# ------------------------------------------------------------------ what a line becomes


def _shown(spec: "Spec", line: str) -> str:
    """What each column of a line becomes, on several lines.

    Raises SpecError for an open vocabulary, and DataError for ids that are none.
    """
    from s2sgraph.data import DataError, Fault
    from s2sgraph.model.vocabularies import vocabularies

    tables = vocabularies(spec)
    columns = line.split("\t")
    if len(columns) > len(tables):
        named = " TAB ".join(tables)
        message = f"{len(columns)} columns; expected at most {len(tables)}: {named}"
        raise typer.BadParameter(message, param_hint="--line")
    texts = []
    for (name, table), text in zip(tables.items(), columns, strict=False):
        try:
            texts.append(_side(spec, name, table, text))
        except ValueError as error:
            raise DataError("--line", [Fault(0, f"{name}: {error}")]) from None
    return "\n".join(texts)


def _side(spec: "Spec", name: str, table: "Table", text: str) -> str:
    """One side: its text normalized, its units, their ids, and the text that those make."""
    from s2sgraph.text import SPECIAL_NAMES, Ids, normalize

    ids = table.encode(text)
    ids = ids[:-1] if table.end else ids
    ends = spec.target.length == "free" if name == "target" else table.end
    rows = []
    if isinstance(table, Ids):
        units, unknown = [], []
    else:
        if table.normalize:
            rows.append(("normalized", repr(normalize(text, table.normalize))))
        units = table.split(text)
        unknown = [place for place, unit in enumerate(units) if unit not in table.ordinary]
        end = [SPECIAL_NAMES["eos"]] if ends else []
        rows.append(("units", " ".join([*_marked(units, unknown), *end])))
    rows.append(("ids", " ".join(map(str, [*ids, *([table.special.eos] if ends else [])]))))
    if unknown:
        found = dict.fromkeys(units[place] for place in unknown)
        rows.append(("unknown", f"{len(unknown)} of {len(units)}: {', '.join(map(repr, found))}"))
    rows.append(("back", repr(table.decode(ids))))
    return "\n".join([f"{name}: {text!r}", *(f"  {label:<10}  {row}" for label, row in rows)])


def _marked(units: Sequence[str], unknown: Sequence[int]) -> list[str]:
    """Units in quotes, those that are unknown with a mark."""
    odd = set(unknown)
    return [f"{unit!r}{'=<unk>' if place in odd else ''}" for place, unit in enumerate(units)]
