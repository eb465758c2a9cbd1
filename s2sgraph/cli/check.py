"""`check`: every mistake in a spec, or the schema of the language for an editor."""

import json
from pathlib import Path
from typing import Annotated

import typer

from s2sgraph.cli.specs import Changes, load_spec


def check(
    specs: Annotated[list[Path] | None, typer.Argument(help="The specs to check.")] = None,
    changes: Changes = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of specs, for editors.")
    ] = False,
) -> None:
    """Check specs and report every mistake with its place. Needs no torch."""
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
            sketch(load_spec(path, changes))
        except SpecError as error:
            mistakes += len(error.problems)
            typer.echo(str(error), err=True)
        else:
            typer.echo(f"{path}: no mistakes")
    if mistakes:
        typer.echo(f"{mistakes} mistake{'s' if mistakes > 1 else ''}", err=True)
        raise typer.Exit(2)
