"""Closing vocabularies: the open ones are counted in the training data, files come along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2sgraph.model.vocabularies import special_symbols, token_sides
from s2sgraph.spec import Problem, Spec
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.sides import TokenSide, TokenTarget
from s2sgraph.text import KINDS, Subwords, Vocabulary, build, count
from s2sgraph.train.examples import Read

INLINE = 1000
"""Most symbols that are written into the spec itself; more go into a file beside it."""


@dataclass(frozen=True)
class Closed:
    """A spec without open vocabularies, and the text of each file that has to lie beside it."""

    spec: Spec
    files: dict[str, str]


def close(spec: Spec, found: Read) -> Closed:
    """Close every open vocabulary with the units of the training data.

    Raises:
        SpecError: a vocabulary cannot be closed as the spec says, or its file cannot be read.
    """
    changes: dict[str, Any] = {}
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for name, (side, path) in token_sides(spec).items():
        if isinstance(side, TokenTarget) and side.vocabulary == "shared":
            continue
        try:
            settings, texts = _closed(spec, name, side, found)
        except (OSError, ValueError) as error:
            problems.append(Problem(path, f"the vocabulary cannot be closed: {error}"))
            continue
        files |= texts
        changes |= {_dotted(path): settings} if settings else {}
    if problems:
        raise spec.error(problems)
    return Closed(spec.set(changes) if changes else spec, files)


def _closed(
    spec: Spec, name: str, side: TokenSide, found: Read
) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings of a side and the files it names; both empty where nothing changes."""
    kept = {k: v for k, v in plain(side).items() if k not in {"least", "size", "file", "symbols"}}
    if side.file is not None:
        file = f"{name}.{'json' if side.tokens == 'subwords' else 'txt'}"
        text = (Path(spec.places.name).parent / side.file).read_text("utf-8")
        return {**kept, "file": file}, {file: text}
    if not side.open:
        return {}, {}
    lines = [line for which in (name, *_sharing(spec, name)) for line in found.texts(which)]
    if side.tokens == "subwords":
        return {**kept, "file": f"{name}.json"}, {f"{name}.json": _learned(spec, side, lines)}
    symbols = _counted(spec, side, lines)
    if len(symbols) <= INLINE:
        return {**kept, "symbols": symbols}, {}
    return {**kept, "file": f"{name}.txt"}, {f"{name}.txt": "".join(f"{s}\n" for s in symbols)}


def _sharing(spec: Spec, name: str) -> list[str]:
    target = spec.target
    shared = isinstance(target, TokenTarget) and target.vocabulary == "shared"
    return ["target"] if shared and name == "source" else []


def _learned(spec: Spec, side: TokenSide, lines: Iterable[str]) -> str:
    """The subword model, as the tokenizers library writes it."""
    special = special_symbols(spec)
    return Subwords.train(lines, (side.limit or 0) - len(special.names())).model


def _counted(spec: Spec, side: TokenSide, lines: Iterable[str]) -> list[str]:
    """The ordinary symbols, the most frequent first."""
    units, special = KINDS[side.tokens](), special_symbols(spec)
    table: Vocabulary = build(
        units, count(units, lines), least=side.least, size=side.limit, special=special
    )
    names = special.names()
    symbols = [s for index, s in enumerate(table.symbols) if index not in names]
    if not symbols:
        raise ValueError(f"no symbol occurs {side.least} times in the training data")
    return symbols


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
