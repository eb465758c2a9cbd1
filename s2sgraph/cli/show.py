"""`show`: what a model file takes and gives, or what a spec makes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2sgraph.cli.specs import Changes, load_spec

if TYPE_CHECKING:
    from s2sgraph.runtime import Contract, Input

_LANGUAGES = ("python", "js", "cpp", "csharp", "java")


def show(
    path: Annotated[Path, typer.Argument(help="A model file (.onnx) or a spec (.yaml).")],
    format: Annotated[
        str, typer.Option("--format", help="Of a spec: text, mermaid, dot or svg.")
    ] = "text",
    after: Annotated[
        str | None,
        typer.Option(help="Of a spec: the decode graph after this pass of the compiler."),
    ] = None,
    changes: Changes = None,
    client: Annotated[
        str | None,
        typer.Option(help=f"Of a file: a program that runs it, in {', '.join(_LANGUAGES)}."),
    ] = None,
    spec: Annotated[
        bool, typer.Option("--spec", help="Of a file: the spec it was made from.")
    ] = False,
) -> None:
    """Show a model file's inputs and outputs, or a spec's layers."""
    if path.suffix == ".onnx":
        _show_file(path, client, spec)
        return
    if client or spec:
        raise typer.BadParameter(f"{path} is no .onnx file", param_hint="--client, --spec")
    from s2sgraph.model import sketch
    from s2sgraph.model.showing import shown, shown_after

    model = sketch(load_spec(path, changes))
    try:
        text = shown_after(model, after) if after else shown(model, format)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(text, nl=False)


def _show_file(path: Path, client: str | None, spec: bool) -> None:
    from s2sgraph.runtime import Session

    if client is not None and client not in _LANGUAGES:
        hint = f"{client!r}; expected one of {', '.join(_LANGUAGES)}"
        raise typer.BadParameter(hint, param_hint="--client")
    contract = Session(path, threads=1).contract
    if spec:
        typer.echo(contract.spec, nl=not contract.spec.endswith("\n"))
    elif client is None:
        _print(path, contract)
    elif contract.graph != "decode":
        hint = f"{path} is a {contract.graph!r} file; clients are for decode files"
        raise typer.BadParameter(hint, param_hint="--client")
    else:
        from s2sgraph.cli import clients

        if contract.extended and client not in clients.EXTENDED:
            hint = f"{path} needs onnxruntime-extensions; only python has a program for that"
            raise typer.BadParameter(hint, param_hint="--client")
        typer.echo(clients.client(client, path.name, contract), nl=False)


def _print(path: Path, contract: "Contract") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    size = path.stat().st_size / 1e6
    version = contract.version
    console.print(f"{path}: {contract.graph}, {size:.1f} MB, by s2sgraph {version}", markup=False)
    for side, vocabulary in contract.vocabularies.items():
        symbols = f"{vocabulary.size} {vocabulary.kind}" if vocabulary else "no symbols"
        console.print(f"{side}: {symbols}", markup=False, highlight=False)
    if contract.lexicon:
        console.print(f"lexicon: {contract.lexicon:,} lines", markup=False, highlight=False)
    table = Table("\ninput", "\ntype", "\ndefault", "\nmeaning", box=None, pad_edge=False)
    for wanted in contract.inputs:
        table.add_row(
            *(_plain(t) for t in (wanted.name, wanted.type, _default(wanted), wanted.meaning))
        )
    console.print(table)
    table = Table("\noutput", "\ntype", "\nmeaning", box=None, pad_edge=False)
    for output in contract.outputs:
        table.add_row(*(_plain(t) for t in (output.name, output.type, output.meaning)))
    console.print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _default(wanted: "Input") -> str:
    return "required" if wanted.required else json.dumps(wanted.default)
