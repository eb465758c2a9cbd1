"""What a line is cut into: characters, words or subwords. One class per kind."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


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


class Subwords:
    """Byte-level byte-pair encoding (Sennrich 2016), by the `tokenizers` library.

    Every line can be written in its units, which start from the 256 bytes, so nothing is unknown.
    `model` is the library's own JSON text.
    """

    kind: ClassVar[str] = "subwords"

    def __init__(self, model: str) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_str(model)
        except Exception as error:  # the library raises bare Exception
            raise ValueError(f"not a subword model of the tokenizers library: {error}") from None
        self.model = model

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.model)

    @classmethod
    def train(cls, lines: Iterable[str], size: int) -> "Subwords":
        """Learn merges from lines until there are `size` units, or nothing occurs twice.

        `size` counts no special symbols and is at least 256, the bytes themselves.
        """
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        if size < 256:
            raise ValueError(f"a subword vocabulary has at least 256 units, not {size}")
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            special_tokens=[],
        )
        tokenizer.train_from_iterator(lines, trainer)
        return cls(tokenizer.to_str())

    @property
    def symbols(self) -> list[str]:
        """All units, in the order in which they were learned."""
        ids: dict[str, int] = self._tokenizer.get_vocab()
        return sorted(ids, key=ids.__getitem__)

    def split(self, line: str) -> list[str]:
        """The units of the line; each is a run of bytes, written as printable characters."""
        units: list[str] = self._tokenizer.encode(line, add_special_tokens=False).tokens
        return units

    def join(self, units: Sequence[str]) -> str:
        """The line that the bytes make; bytes that are no UTF-8 become U+FFFD."""
        line: str = self._tokenizer.decoder.decode(list(units))
        return line

    def to_json(self) -> dict[str, Any]:
        """The learned merges."""
        return {"model": json.loads(self.model)}


# The kinds that are made from nothing; subwords are learned, and ids have no units.
KINDS: Mapping[str, Callable[[], Units]] = {"characters": Characters, "words": Words}


def units_from_json(kind: str, form: dict[str, Any]) -> Units:
    """The units of a kind, made again from what `to_json` gave. Raises ValueError."""
    if kind in KINDS:
        return KINDS[kind]()
    if kind == Subwords.kind:
        if "model" not in form:
            raise ValueError("a subword vocabulary without its 'model'")
        return Subwords(json.dumps(form["model"], ensure_ascii=False))
    known = ", ".join([*KINDS, Subwords.kind, "ids"])
    raise ValueError(f"unknown kind of vocabulary {kind!r}; expected one of {known}")
