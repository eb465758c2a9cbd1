"""Subwords: units of one or several characters, by the `tokenizers` library."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

BYTES = 256
_DIGITS = 4


class Subwords:
    """Units that were learned, or that come from a tokenizer.json.

    `model` is the JSON text of the `tokenizers` library. Of one from elsewhere everything is kept
    that decides how lines are cut and joined; what would cut lines short, pad them, add symbols
    or draw at random is left out. Raises ValueError for any other text.
    """

    kind: ClassVar[str] = "subwords"

    def __init__(self, model: str) -> None:
        from tokenizers import Tokenizer

        try:
            form = _steady(json.loads(model))
            self.model = json.dumps(form, ensure_ascii=False)
            self._tokenizer = Tokenizer.from_str(self.model)
        except Exception as error:  # the library raises bare Exception
            raise ValueError(f"not a subword model of the tokenizers library: {error}") from None
        self._unknown = _unknown(form["model"])
        self._special = {t["content"] for t in form.get("added_tokens") or () if t["special"]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.model)

    @classmethod
    def train(cls, lines: Iterable[str], size: int, algorithm: str = "bpe") -> "Subwords":
        """Learn units from lines until there are `size` of them, or no more that are of use.

        Both algorithms start from the 256 bytes, so every line can be written in their units and
        nothing is unknown. `size` counts no special symbols and is at least 256. The same lines
        give the same units, whatever the process.
        """
        if algorithm not in ALGORITHMS:
            raise ValueError(f"unknown algorithm {algorithm!r}; expected {' or '.join(ALGORITHMS)}")
        if size < BYTES:
            raise ValueError(f"a subword vocabulary has at least {BYTES} units, not {size}")
        return cls(ALGORITHMS[algorithm](lines, size))

    @property
    def all_symbols(self) -> list[str]:
        """All units of the model at their ids, special ones included."""
        ids: dict[str, int] = self._tokenizer.get_vocab()
        return sorted(ids, key=ids.__getitem__)

    @property
    def symbols(self) -> list[str]:
        """The units in the order of their ids, without the one for what is unknown."""
        return [symbol for symbol in self.all_symbols if symbol != self._unknown]

    def reserves(self, ids: Iterable[int]) -> bool:
        """Whether the model has a special symbol of its own at each of these ids."""
        found: dict[str, int] = self._tokenizer.get_vocab()
        special = {found[symbol] for symbol in self._special | {self._unknown} if symbol in found}
        return special.issuperset(ids) and max(found.values()) == len(found) - 1

    def split(self, line: str) -> list[str]:
        """The units of the line; of our own models, runs of bytes as printable characters."""
        units: list[str] = self._tokenizer.encode(line, add_special_tokens=False).tokens
        return units

    def join(self, units: Sequence[str]) -> str:
        """The line that the units make; bytes that are no UTF-8 become U+FFFD."""
        decoder = self._tokenizer.decoder
        line: str = " ".join(units) if decoder is None else decoder.decode(list(units))
        return line

    def to_json(self) -> dict[str, Any]:
        """The model."""
        return {"model": json.loads(self.model)}


def _steady(form: Any) -> Any:
    """A tokenizer whose units of a line depend on nothing but the line."""
    if not isinstance(form, dict) or not isinstance(form.get("model"), dict):
        raise ValueError("no model in it")
    model = {**form["model"], "dropout": None} if "dropout" in form["model"] else form["model"]
    return {**form, "truncation": None, "padding": None, "post_processor": None, "model": model}


def _unknown(model: Mapping[str, Any]) -> str | None:
    """The unit that a model writes for what it cannot."""
    if model.get("unk_id") is not None:
        return str(model["vocab"][model["unk_id"]][0])
    return model.get("unk_token")


# ------------------------------------------------------------------ learning


def _byte_level(model: Any) -> Any:
    """A tokenizer that turns lines into bytes, in pieces of words, and back."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _alphabet() -> list[str]:
    """The printable characters that stand for the 256 bytes."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _bpe(lines: Iterable[str], size: int) -> str:
    """Byte-pair encoding: the most frequent pair becomes a unit, over and over (Sennrich 2016)."""
    from tokenizers import models, trainers

    tokenizer = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=_alphabet(),
        special_tokens=[],
    )
    tokenizer.train_from_iterator(lines, trainer)
    text: str = tokenizer.to_str()
    return text


def _unigram(lines: Iterable[str], size: int) -> str:
    """A language model of single units, from which the least useful are taken (Kudo 2018)."""
    from tokenizers import models, trainers

    tokenizer = _byte_level(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=_alphabet(), special_tokens=[]
    )
    tokenizer.train_from_iterator(lines, trainer)
    form = json.loads(tokenizer.to_str())
    form["model"]["vocab"] = _settled(form["model"]["vocab"])
    return json.dumps(form, ensure_ascii=False)


def _settled(vocabulary: Iterable[tuple[str, float | None]]) -> list[list[Any]]:
    """The units of a unigram model with scores that do not differ from process to process.

    The library sums in the order of its hash tables, so that scores differ in their last digits;
    and it gives the bytes that were never of use steps of 0.0001 above the least score, in that
    order too. Scores are rounded, and those bytes all get the least one.
    """
    # Without a line to learn from there are no scores.
    scores = {unit: score or 0.0 for unit, score in vocabulary}
    least = min(scores.values())
    settled = {}
    for unit, score in scores.items():
        steps = (score - least) * 10**_DIGITS
        useless = len(unit) == 1 and steps < BYTES and abs(steps - round(steps)) < 1e-6
        settled[unit] = round(least if useless else score, _DIGITS)
    return [[unit, settled[unit]] for unit in sorted(settled, key=lambda u: (-settled[u], u))]


ALGORITHMS: Mapping[str, Callable[[Iterable[str], int], str]] = {"bpe": _bpe, "unigram": _unigram}
"""How units are learned, by name; each gives the JSON text of a model."""
