"""Vocabularies: the table between units of text and ids, with its form in JSON."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from s2sgraph.text.normalizing import normalize
from s2sgraph.text.special import Special
from s2sgraph.text.units import Units, units_from_json


@dataclass(frozen=True)
class Vocabulary:
    """A closed list of symbols, whose places are their ids.

    `symbols` holds the special symbols too, at their ids and under any names. A special symbol is
    never read from text: the word `<eos>` in a line is unknown. `end` says whether `encode` adds
    the end symbol; `normalize` names what is done to a line before it is cut. Raises ValueError
    for a symbol given twice, a special id outside the list, or an unknown normalisation.
    """

    units: Units
    symbols: tuple[str, ...]
    special: Special = field(default_factory=Special)
    end: bool = False
    normalize: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        normalize("", self.normalize)
        for name, index in self.special.to_json().items():
            if index >= len(self.symbols):
                raise ValueError(
                    f"the id of {name} is {index}, but there are only {len(self.symbols)} symbols"
                )
        special = self.special.names()
        seen: set[str] = set()
        for index, symbol in enumerate(self.symbols):
            if symbol in seen:
                raise ValueError(f"the symbol {symbol!r} is given twice")
            if index not in special:
                seen.add(symbol)

    @cached_property
    def _ids(self) -> dict[str, int]:
        special = self.special.names()
        return {s: index for index, s in enumerate(self.symbols) if index not in special}

    @classmethod
    def of(
        cls,
        units: Units,
        ordinary: Iterable[str],
        special: Special | None = None,
        end: bool = False,
        normalize: tuple[str, ...] = (),
    ) -> "Vocabulary":
        """A vocabulary of ordinary symbols, with the special ones put in at their ids.

        Raises ValueError when there are too few symbols to reach a special id.
        """
        special = special or Special()
        names = special.names()
        symbols: list[str] = []
        for symbol in ordinary:
            while len(symbols) in names:
                symbols.append(names[len(symbols)])
            symbols.append(symbol)
        while len(symbols) in names:
            symbols.append(names[len(symbols)])
        return cls(units, tuple(symbols), special, end, normalize)

    @property
    def size(self) -> int:
        """The number of symbols V, special ones included."""
        return len(self.symbols)

    @property
    def kind(self) -> str:
        """What a line is cut into: characters, words or subwords."""
        return self.units.kind

    @property
    def ordinary(self) -> dict[str, int]:
        """The ids of the symbols that are read from text: all but the special ones."""
        return dict(self._ids)

    def split(self, line: str) -> list[str]:
        """The units of a line after its normalisation, unknown ones as they stand."""
        return self.units.split(normalize(line, self.normalize))

    def encode(self, line: str) -> list[int]:
        """The ids of a line; unknown units become `unk`. Adds the end symbol if `end` is set."""
        unk = self.special.unk
        ids = [self._ids.get(unit, unk) for unit in self.split(line)]
        return [*ids, self.special.eos] if self.end else ids

    def decode(self, ids: Iterable[int]) -> str:
        """The line of ids up to the first end symbol; padding and start symbols are left out.

        An unknown symbol is written by its name. Raises ValueError for an id outside [0, V).
        """
        return self.units.join(self.units_of(ids))

    def units_of(self, ids: Iterable[int]) -> list[str]:
        """The units of ids up to the first end symbol, without padding and start symbols."""
        silent = {self.special.pad, self.special.bos} - {self.special.unk}
        units = []
        for place, index in enumerate(ids):
            if index == self.special.eos:
                break
            if not 0 <= index < len(self.symbols):
                raise ValueError(f"id {index} at place {place}; expected 0 to {self.size - 1}")
            if index not in silent:
                units.append(self.symbols[index])
        return units

    def named(self, ids: Iterable[int]) -> list[str]:
        """The symbol at every id, special ones too."""
        return [self.symbols[index] for index in ids]

    def to_json(self) -> dict[str, Any]:
        """A form that `from_json` reads, of plain lists and dictionaries."""
        return {
            "kind": self.kind,
            "symbols": list(self.symbols),
            "special": self.special.to_json(),
            "end": self.end,
            **({"normalize": list(self.normalize)} if self.normalize else {}),
            **self.units.to_json(),
        }


@dataclass(frozen=True)
class Ids:
    """No symbols at all: a line is decimal numbers between white space, and they are the ids.

    `size` is V, or None if any number from 0 is taken.
    """

    size: int | None = None
    special: Special = field(default_factory=Special)
    end: bool = False

    @property
    def kind(self) -> str:
        """Always "ids"."""
        return "ids"

    def encode(self, line: str) -> list[int]:
        """The numbers of a line. Raises ValueError naming the place of what is no id."""
        ids = []
        for place, word in enumerate(line.split()):
            # int() would also take "1_000", "+1" and other alphabets' digits.
            if not (word.isascii() and word.isdigit()):
                raise ValueError(f"{word[:40]!r} at place {place} is no id; expected a number")
            index = int(word) if len(word) < 20 else 2**63
            if index >= (2**63 if self.size is None else self.size):
                last = "2^63 - 1" if self.size is None else self.size - 1
                raise ValueError(f"id {word[:40]} at place {place}; expected 0 to {last}")
            ids.append(index)
        return [*ids, self.special.eos] if self.end else ids

    def decode(self, ids: Iterable[int]) -> str:
        """The numbers up to the first end symbol, without padding and start symbols."""
        return " ".join(self.units_of(ids))

    def units_of(self, ids: Iterable[int]) -> list[str]:
        """The numbers as text, up to the first end symbol, without padding and start symbols."""
        units = []
        for index in ids:
            if index == self.special.eos:
                break
            if index not in (self.special.pad, self.special.bos):
                units.append(str(index))
        return units

    def named(self, ids: Iterable[int]) -> list[str]:
        """Every id as text, special ones too."""
        return [str(index) for index in ids]

    def to_json(self) -> dict[str, Any]:
        """A form that `from_json` reads."""
        return {
            "kind": self.kind,
            "size": self.size,
            "special": self.special.to_json(),
            "end": self.end,
        }


def from_json(form: Any) -> Vocabulary | Ids:
    """The vocabulary that `to_json` described. Raises ValueError saying what is wrong with it."""
    if not isinstance(form, dict):
        raise ValueError(f"a vocabulary is a mapping, not {type(form).__name__}")
    try:
        special = Special(**form.get("special", {}))
    except TypeError as error:
        raise ValueError(f"special symbols: {error}") from None
    end = form.get("end", False)
    if not isinstance(end, bool):
        raise ValueError(f"'end' is {end!r}; expected true or false")
    kind = form.get("kind")
    if kind == "ids":
        size = form.get("size")
        if size is not None and (type(size) is not int or size < 1):
            raise ValueError(f"'size' is {size!r}; expected a whole number from 1, or null")
        return Ids(size, special, end)
    symbols = form.get("symbols")
    if not isinstance(symbols, list | tuple) or not all(isinstance(s, str) for s in symbols):
        raise ValueError("'symbols' is missing or no list of texts")
    steps = form.get("normalize", [])
    if not isinstance(steps, list | tuple) or not all(isinstance(step, str) for step in steps):
        raise ValueError(f"'normalize' is {steps!r}; expected a list of names")
    units = units_from_json(str(kind), form)
    return Vocabulary(units, tuple(symbols), special, end, tuple(steps))
