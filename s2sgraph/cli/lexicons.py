"""The lexicon of a file that is exported, from files of lines."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from s2sgraph.cli.specs import given

if TYPE_CHECKING:
    from s2sgraph.model import Model
    from s2sgraph.model.lexicon import Lexicon, Line


def read_lexicon(model: "Model", files: Sequence[Path]) -> "Lexicon":
    """The lines of files, which are read as training data is, and told of.

    Raises:
        ExportError: the model has no use for a lexicon, or for any of the lines.
        DataError: a line is odd, or a file cannot be read.
    """
    from s2sgraph.model.lexicon import Lexicon
    from s2sgraph.train.corpora import corpus

    def lines() -> "Iterator[tuple[Line, Line]]":
        spec = model.spec
        data = corpus(spec.set(given(Path(spec.places.name), [*files])), "train")
        assert data is not None
        for row in data.rows():
            yield row["source"], row["target"]

    found = Lexicon.of(model, lines())
    reasons = {
        "with symbols that are in no vocabulary": found.unknown,
        "of a source that came before": found.repeated,
    }
    left = [f"{count:,} {reason}" for reason, count in reasons.items() if count]
    names = ", ".join(map(str, files))
    without = f"; left out: {', '.join(left)}" if left else ""
    typer.echo(f"{names}: a lexicon of {len(found):,} lines{without}")
    return found
