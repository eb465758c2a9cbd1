"""The vocabularies of a spec: inline, from a file, or still open, to be closed by training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from s2sgraph.spec.errors import Problem
from s2sgraph.spec.places import KeyPath
from s2sgraph.spec.schema import Spec
from s2sgraph.spec.settings import Settings
from s2sgraph.spec.sides import TokenSide, TokenTarget
from s2sgraph.text import KINDS, Ids, Special, Vocabulary, subwords_of

Table = Vocabulary | Ids


def special_symbols(spec: Spec) -> Special:
    """The ids of the special symbols."""
    return Special(spec.special.pad, spec.special.bos, spec.special.eos, spec.special.unk)


def token_sides(spec: Spec) -> dict[str, tuple[TokenSide, KeyPath]]:
    """The sides of tokens by name, `target` among them, and where they stand."""
    sides: dict[str, tuple[Settings, KeyPath]] = {}
    if isinstance(spec.source, dict):
        sides.update({name: (side, ("source", name)) for name, side in spec.source.items()})
    else:
        sides["source"] = (spec.source, ("source",))
    sides["target"] = (spec.target, ("target",))
    return {
        name: (side, path) for name, (side, path) in sides.items() if isinstance(side, TokenSide)
    }


def banned(spec: Spec, table: Table | None) -> tuple[int, ...]:
    """The ids of the target symbols that the spec's search never chooses.

    Raises:
        SpecError: there is no such symbol.
    """
    found: list[int] = []
    problems: list[Problem] = []
    for place, symbol in enumerate(getattr(spec.search, "banned", ())):
        index = symbol if isinstance(symbol, int) else _id_of(symbol, table)
        if index is None or not 0 <= index < (table.size or 0 if table else 0):
            message = f"the target has no symbol {symbol!r}"
            problems.append(Problem(("search", "banned", place), message))
        else:
            found.append(index)
    if problems:
        raise spec.error(problems)
    return tuple(found)


def _id_of(symbol: str, table: Table | None) -> int | None:
    """The id of a symbol, special ones by their names: `<unk>`."""
    if not isinstance(table, Vocabulary):
        return None
    names = {name: index for index, name in table.special.names().items()}
    return table.ordinary.get(symbol, names.get(symbol))


ASSUMED = 1000
"""Symbols of an open vocabulary that has no limit, in a sketch."""


def assumed_sizes(spec: Spec) -> dict[str, int]:
    """What the open vocabularies are counted as, by side."""
    return {
        name: side.limit or ASSUMED for name, (side, _) in token_sides(spec).items() if side.open
    }


def vocabularies(spec: Spec, assumed: Mapping[str, int] | None = None) -> dict[str, Table]:
    """The vocabulary of each side of tokens; open ones have the sizes that are assumed, if any.

    Raises:
        SpecError: a vocabulary is open and no size is assumed, or its file cannot be read.
    """
    found: dict[str, Table] = {}
    problems: list[Problem] = []
    special = special_symbols(spec)
    for name, (side, path) in token_sides(spec).items():
        end = getattr(side, "end", False)
        if isinstance(side, TokenTarget) and side.vocabulary == "shared" and "source" in found:
            found[name] = found["source"]
        elif assumed and name in assumed:
            found[name] = Ids(assumed[name], special, end)
        elif side.tokens == "ids":
            found[name] = Ids(side.size, special, end)
        elif side.symbols is not None:
            units = KINDS[side.tokens]()
            found[name] = Vocabulary.of(units, side.symbols, special, end, side.normalize)
        elif side.file is not None:
            try:
                found[name] = _from_file(spec, side, special, end)
            except (OSError, ValueError) as error:
                problems.append(Problem((*path, "file"), f"cannot be read: {error}"))
        else:
            problems.append(
                Problem(
                    path,
                    "the vocabulary is open, and nothing says how large it is",
                    "train closes it and writes a spec with it; or list symbols, or name a file",
                )
            )
    if problems:
        raise spec.error(problems)
    return found


def _from_file(spec: Spec, side: TokenSide, special: Special, end: bool) -> Vocabulary:
    """A vocabulary from a file beside the spec: one symbol a line, or a model of subwords."""
    path = Path(spec.places.name).parent / (side.file or "")
    if side.tokens == "subwords":
        units = subwords_of(path.read_bytes(), path.name)
        if units.reserves(special.names()):
            # A tokenizer that has special symbols at our ids keeps all its ids.
            return Vocabulary(units, tuple(units.all_symbols), special, end, side.normalize)
        return Vocabulary.of(units, units.symbols, special, end, side.normalize)
    lines = path.read_bytes().decode("utf-8-sig").split("\n")
    # The line ends of Windows are no part of a symbol; a carriage return alone is one.
    symbols = [line.removesuffix("\r") or line for line in lines if line]
    return Vocabulary.of(KINDS[side.tokens](), symbols, special, end, side.normalize)
