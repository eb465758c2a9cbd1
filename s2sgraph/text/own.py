"""Words of a sentence's own: what a model that copies can write though no vocabulary has it.

They have the ids from the size of the vocabulary on, in the order in which they first come.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from s2sgraph.text.vocabulary import Ids, Vocabulary


def own_words(table: Vocabulary | Ids, line: str) -> tuple[str, ...]:
    """The units of a line that the vocabulary lacks, each once."""
    if isinstance(table, Ids):
        return ()
    pairs = _units(table, line)
    return tuple(dict.fromkeys(unit for unit, index in pairs if index == table.special.unk))


def encode(table: Vocabulary | Ids, line: str, own: Sequence[str]) -> list[int]:
    """The ids of a line without an end symbol, those of `own` words among them.

    Other unknown units become `unk`. Numbers stand for themselves, also those of own words. Raises
    ValueError for what is no number where ids are.
    """
    if isinstance(table, Ids):
        return replace(table, size=None, end=False).encode(line)
    ids = {word: table.size + place for place, word in enumerate(own)}
    unk = table.special.unk
    return [ids.get(unit, unk) if index == unk else index for unit, index in _units(table, line)]


def _units(table: Vocabulary, line: str) -> Iterator[tuple[str, int]]:
    """The units of a line with their ids in the vocabulary."""
    return zip(table.split(line), table.encode(line), strict=False)  # less an end symbol


def decode(table: Vocabulary | Ids, ids: Iterable[int], own: Sequence[str]) -> str:
    """The line of ids up to the first end symbol, those of `own` words as they stood.

    An id beyond them is written as the unknown symbol.
    """
    units = units_of(table, ids, own)
    return " ".join(units) if isinstance(table, Ids) else table.units.join(units)


def units_of(table: Vocabulary | Ids, ids: Iterable[int], own: Sequence[str]) -> list[str]:
    """The units of ids up to the first end symbol, without padding and start symbols."""
    if isinstance(table, Ids):
        return table.units_of(ids)
    units: list[str] = []
    for index in ids:
        if index == table.special.eos:
            break
        if table.size <= index < table.size + len(own):
            units.append(own[index - table.size])
        else:
            units += table.units_of([index if index < table.size else table.special.unk])
    return units


def named(table: Vocabulary | Ids, ids: Iterable[int], own: Sequence[str]) -> list[str]:
    """The symbol at every id, special ones and own words too."""
    if isinstance(table, Ids):
        return table.named(ids)
    beyond = dict(enumerate(own, table.size))
    return [beyond[index] if index in beyond else table.named([index])[0] for index in ids]
