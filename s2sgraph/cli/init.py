"""`init`: copy an example spec, or list them."""

from pathlib import Path
from typing import Annotated

import typer

from s2sgraph.cli.specs import description, examples


def init(
    name: Annotated[
        str | None, typer.Argument(help="The example to copy. Without it they are listed.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where to write it. Default: NAME.yaml, here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Copy an example spec to start from."""
    found = examples()
    if name is None:
        width = max(map(len, found), default=0)
        for known, path in found.items():
            typer.echo(f"{known:{width}}  {description(path)}".rstrip())
        return
    if name not in found:
        from difflib import get_close_matches

        close = get_close_matches(name, found, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(found)}"
        raise typer.BadParameter(f"no example {name!r}; {hint}", param_hint="NAME")
    target = to or Path(f"{name}.yaml")
    if target.is_dir():
        target = target / f"{name}.yaml"
    try:
        with target.open("wb" if force else "xb") as file:
            file.write(found[name].read_bytes())
    except FileExistsError:
        hint = f"{target} exists; --force overwrites it"
        raise typer.BadParameter(hint, param_hint="--to") from None
    except OSError as error:
        hint = f"{target} cannot be written ({error.strerror})"
        raise typer.BadParameter(hint, param_hint="--to") from None
    typer.echo(f"wrote {target}")
