"""The example specs, and specs with values set on the command line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from s2sgraph.spec import Spec

Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value of the spec, as in a.b=3."),
]

Paths = list[Path] | None


def examples() -> dict[str, Path]:
    """The example specs by name.

    They lie inside the package when it is installed, and beside it in a development tree.
    """
    package = Path(__file__).parent.parent
    inside = package / "specs"
    folder = inside if inside.is_dir() else package.parent / "specs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def description(path: Path) -> str:
    """What a spec says it is: its key `description`, read without checking the rest."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("description:"):
            return line.partition(":")[2].strip()
    return ""


def split_changes(changes: Sequence[str] | None) -> dict[str, str]:
    """The texts `KEY=VALUE` as a mapping. A missing `=` is a mistake in the command."""
    pairs = {}
    for text in changes or ():
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise typer.BadParameter(f"{text!r}; expected KEY=VALUE", param_hint="--set")
        pairs[key.strip()] = value
    return pairs


def setting(text: str) -> Any:
    """The value of a setting of a search; what is none is a mistake in the command."""
    try:
        return json.loads(text)
    except ValueError:
        hint = f"{text!r}; expected a number, true, false or a list"
        raise typer.BadParameter(hint, param_hint="--set") from None


def load_spec(path: Path, changes: Sequence[str] | None, search: str | None = None) -> "Spec":
    """The spec in a file, with another kind of search and changes; values are YAML.

    What both kinds of search can be told stays as the spec has it. Raises SpecError.
    """
    from s2sgraph.spec import load
    from s2sgraph.spec.reading import read

    values = {key: read(text, f"--set {key}").value for key, text in split_changes(changes).items()}
    spec = load(path)
    if search is not None:
        spec = spec.set({"search": _searching(spec, search)})
    return spec.set(values) if values else spec


def given(
    spec: Path,
    train: Paths = None,
    dev: Paths = None,
    seed: int | None = None,
    freeze: list[str] | None = None,
) -> dict[str, Any]:
    """The changes of the spec that options ask for; a spec names files by their way from itself."""
    from s2sgraph.train.corpora import named_from

    changes: dict[str, Any] = {}
    for name, files in (("train", train), ("dev", dev)):
        if files:
            changes[f"data.{name}"] = [named_from(spec, file) for file in files]
    if seed is not None:
        changes["train.seed"] = seed
    if freeze:
        changes["train.freeze"] = freeze
    return changes


def _searching(spec: "Spec", kind: str) -> dict[str, object]:
    """The settings of another kind of search: those that it shares with the spec's own."""
    from s2sgraph.spec.dumping import plain
    from s2sgraph.spec.kinds import kinds

    known = kinds("search").get(kind)
    shared = known.keys() if known else {}
    own = plain(spec.search)
    settings = own if isinstance(own, dict) else {}
    return {**{key: value for key, value in settings.items() if key in shared}, "kind": kind}
