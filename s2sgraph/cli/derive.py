"""`derive`: more training data, by analogy with what there is."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2sgraph.cli.specs import Changes, Paths, given, load_spec

if TYPE_CHECKING:
    from s2sgraph.spec import Spec
    from s2sgraph.text import Units


def derive(
    spec: Annotated[Path, typer.Argument(help="The spec: what is source, target and a symbol.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of new lines.")],
    changes: Changes = None,
    train: Annotated[
        Paths, typer.Option("--train", help="Training data, in place of the spec's.")
    ] = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="How sure a target must be.")] = 0.9,
    common: Annotated[
        float,
        typer.Option(min=0, max=1, help="In what share of the places a change of ending is seen."),
    ] = 0.02,
) -> None:
    """Write lines `source TAB target` that are not in the training data but follow from them.

    For words and their pronunciations, transliterations or forms: OPEC'S has a Z more than OPEC,
    and so has the possessive of a name that is in the data without it. Which endings change for
    which, and what that does to the target, is read from the data alone. Train on the new lines
    besides, with a weight.
    """
    from s2sgraph.data import analogies
    from s2sgraph.train.corpora import corpus

    loaded = load_spec(spec, changes)
    loaded = loaded.set(given(spec, train))
    source, target = _sides(loaded)
    data = corpus(loaded, "train")
    if data is None:
        raise typer.BadParameter("the spec names no training data", param_hint="--train")
    if output.resolve() in {path.resolve() for part in data.parts for path in part.paths}:
        raise typer.BadParameter(f"{output} is training data", param_hint="--output")
    pairs = [(source.symbols(row["source"]), target.symbols(row["target"])) for row in data.rows()]
    # A TAB, which JSON may hold, would part a line: nothing follows from such a row.
    held = [pair for pair in pairs if "\t" not in [*pair[0], *pair[1]]]
    found = analogies.derive(held, least, common)
    lines = [f"{source.units.join(one.source)}\t{target.units.join(one.target)}\n" for one in found]
    output.write_bytes("".join(lines).encode())
    typer.echo(f"{len(lines):,} new lines from {len(pairs):,}: {output}")


@dataclass(frozen=True)
class _Side:
    """How the lines of a side become symbols."""

    units: "Units"
    steps: tuple[str, ...]

    def symbols(self, line: object) -> list[str]:
        from s2sgraph.text import normalize

        return self.units.split(normalize(str(line), self.steps))


def _sides(spec: "Spec") -> list[_Side]:
    """The source and the target. Raises SpecError where they are not characters or words."""
    from s2sgraph.model.vocabularies import token_sides
    from s2sgraph.spec import Problem
    from s2sgraph.text import KINDS

    sides = token_sides(spec)
    cut = {name: side for name, (side, _) in sides.items() if side.tokens in KINDS}
    if spec.steps or cut.keys() != {"source", "target"}:
        hint = "for other data, write more lines by a program of your own"
        message = "analogies are of one source and a target, each of characters or words"
        wrong = next((name for name in ("source", "target") if name not in cut), "steps")
        raise spec.error([Problem((wrong,), message, hint)])
    shared = getattr(cut["target"], "vocabulary", "own") == "shared"
    described = {"source": cut["source"], "target": cut["source" if shared else "target"]}
    return [_Side(KINDS[side.tokens](), side.normalize) for side in described.values()]
