"""Closing vocabularies: the open ones are counted in the training data, files come along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from s2sgraph.data import Corpus
from s2sgraph.model.vocabularies import special_symbols, token_sides
from s2sgraph.spec import Problem, Spec
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.sides import TokenSide, TokenTarget
from s2sgraph.text import KINDS, Subwords, Vocabulary, build, normalize

INLINE = 1000
"""Most symbols that are written into the spec itself; more go into a file beside it."""


@dataclass(frozen=True)
class Closed:
    """A spec without open vocabularies, and the content of each file that lies beside it."""

    spec: Spec
    files: dict[str, str | bytes]


def close(
    spec: Spec, found: Corpus, first: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> Closed:
    """Close every open vocabulary with the units of the training data.

    The data are read once for all vocabularies that are counted, and once for each that is
    learned; nothing is kept in memory but the counts.

    Args:
        spec: with vocabularies that are open, or none.
        found: the training data.
        first: by side, the symbols that a counted vocabulary begins with, however rare they are.

    Raises:
        SpecError: a vocabulary cannot be closed as the spec says, or its file cannot be read.
        DataError: the data cannot be read.
    """
    changes: dict[str, Any] = {}
    files: dict[str, str | bytes] = {}
    problems: list[Problem] = []
    counts = _counts(spec, found)
    for name, (side, path) in token_sides(spec).items():
        if _shares(side):
            continue
        try:
            settings, texts = _closed(spec, name, side, counts, found, first.get(name, ()))
        except (OSError, ValueError) as error:
            problems.append(Problem(path, f"the vocabulary cannot be closed: {error}"))
            continue
        files |= texts
        changes |= {_dotted(path): settings} if settings else {}
    if problems:
        raise spec.error(problems)
    return Closed(spec.set(changes) if changes else spec, files)


def _closed(
    spec: Spec,
    name: str,
    side: TokenSide,
    counts: Mapping[str, Counter[str]],
    found: Corpus,
    first: tuple[str, ...],
) -> tuple[dict[str, Any], dict[str, str | bytes]]:
    """The settings of a side and the files it names; both empty where nothing changes."""
    closing = {"least", "size", "file", "symbols", "algorithm"}
    kept = {key: value for key, value in plain(side).items() if key not in closing}
    if side.file is not None:
        path = Path(spec.places.name).parent / side.file
        form = "txt"
        if side.tokens == "subwords":
            form = "model" if path.suffix == ".model" else "json"
        return {**kept, "file": f"{name}.{form}"}, {f"{name}.{form}": path.read_bytes()}
    if not side.open:
        return {}, {}
    if side.tokens == "subwords":
        learned = _learned(spec, name, side, found)
        return {**kept, "file": f"{name}.json"}, {f"{name}.json": learned}
    symbols = _chosen(spec, side, counts[name], first)
    if len(symbols) <= INLINE:
        return {**kept, "symbols": symbols}, {}
    return {**kept, "file": f"{name}.txt"}, {f"{name}.txt": "".join(f"{s}\n" for s in symbols)}


def _shares(side: TokenSide) -> bool:
    return isinstance(side, TokenTarget) and side.vocabulary == "shared"


def _names(spec: Spec, name: str) -> list[str]:
    """The sides whose text a vocabulary is for."""
    shared = isinstance(spec.target, TokenTarget) and _shares(spec.target)
    return ["source", "target"] if shared and name == "source" else [name]


def _counts(spec: Spec, found: Corpus) -> dict[str, Counter[str]]:
    """How often each unit occurs, for every open vocabulary that is counted."""
    cut = {
        name: (KINDS[side.tokens](), side.normalize)
        for name, (side, _) in token_sides(spec).items()
        if side.open and side.tokens in KINDS and not _shares(side)
    }
    counts: dict[str, Counter[str]] = {name: Counter() for name in cut}
    for row in found.rows() if cut else ():
        for name, (units, steps) in cut.items():
            for which in _names(spec, name):
                counts[name].update(units.split(normalize(str(row[which]), steps)))
    return counts


def _learned(spec: Spec, name: str, side: TokenSide, found: Corpus) -> str:
    """The subword model, as the tokenizers library writes it."""

    def lines() -> Iterator[str]:
        for row in found.rows():
            for which in _names(spec, name):
                yield normalize(str(row[which]), side.normalize)

    size = (side.limit or 0) - len(special_symbols(spec).names())
    return Subwords.train(lines(), size, side.algorithm).model


def _chosen(
    spec: Spec, side: TokenSide, counts: Mapping[str, int], first: tuple[str, ...]
) -> list[str]:
    """The ordinary symbols: the first ones as they are, then the most frequent first."""
    special = special_symbols(spec)
    names = special.names()
    room = None if side.limit is None else side.limit - len(first)
    if first and room is not None and room < len(names):
        count = len(first) + len(names)
        raise ValueError(f"size is {side.limit}, and the {count} symbols of the run are more")
    if first and room == len(names):
        return [*first]
    others = {unit: counts[unit] for unit in counts.keys() - {*first}}
    table: Vocabulary = build(
        KINDS[side.tokens](), others, least=side.least, size=room, special=special
    )
    symbols = [s for index, s in enumerate(table.symbols) if index not in names]
    if not symbols and not first:
        raise ValueError(f"no symbol occurs {side.least} times in the training data")
    return [*first, *symbols]


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
