"""What a line is cut into: characters, words or subwords. One class per kind."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from s2sgraph.text.sentence_pieces import SentencePieces
from s2sgraph.text.subwords import Subwords


class Units(Protocol):
    """A way to cut a line into units and to join units into a line."""

    kind: ClassVar[str]

    def split(self, line: str) -> list[str]:
        """The units of a line, in order."""
        ...

    def join(self, units: Sequence[str]) -> str:
        """The line that the units make."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What is needed, besides the kind, to make the same units again."""
        ...


@dataclass(frozen=True)
class Characters:
    """Unicode code points; white space counts like any other."""

    kind: ClassVar[str] = "characters"

    def split(self, line: str) -> list[str]:
        """Every code point of the line."""
        return list(line)

    def join(self, units: Sequence[str]) -> str:
        """The units one after another."""
        return "".join(units)

    def to_json(self) -> dict[str, Any]:
        """Nothing is needed."""
        return {}


@dataclass(frozen=True)
class Words:
    """What stands between white space; joined by single spaces."""

    kind: ClassVar[str] = "words"

    def split(self, line: str) -> list[str]:
        """The words of the line, split at any Unicode white space."""
        return line.split()

    def join(self, units: Sequence[str]) -> str:
        """The words with one space between each two."""
        return " ".join(units)

    def to_json(self) -> dict[str, Any]:
        """Nothing is needed."""
        return {}


# The kinds that are made from nothing; subwords are learned, and ids have no units.
KINDS: Mapping[str, Callable[[], Units]] = {"characters": Characters, "words": Words}


def units_from_json(kind: str, form: dict[str, Any]) -> Units:
    """The units of a kind, made again from what `to_json` gave. Raises ValueError."""
    if kind in KINDS:
        return KINDS[kind]()
    if kind == Subwords.kind:
        if isinstance(form.get("sentencepiece"), str):
            return SentencePieces.from_text(form["sentencepiece"])
        if "model" not in form:
            raise ValueError("a subword vocabulary without its 'model'")
        return Subwords(json.dumps(form["model"], ensure_ascii=False))
    known = ", ".join([*KINDS, Subwords.kind, "ids"])
    raise ValueError(f"unknown kind of vocabulary {kind!r}; expected one of {known}")


def subwords_of(content: bytes, name: str) -> Subwords | SentencePieces:
    """The units of a file: a SentencePiece model if its name ends in `.model`, or else JSON.

    Raises ValueError.
    """
    if name.endswith(".model"):
        return SentencePieces(content)
    try:
        return Subwords(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not a subword model of the tokenizers library: {error}") from None
