"""Subwords: units of one or several characters, by the `tokenizers` library."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, ClassVar

from s2sgraph.text import sentence_pieces

BYTES = 256


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
        give the same units, whatever the process. Raises ValueError, also where `unigram` lacks
        the library that learns it.
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

    def merged(self, piece: str) -> list[str]:
        """The units of a piece of a line that is written in the characters of the units."""
        return [token.value for token in self._tokenizer.model.tokenize(piece)]

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
    """A language model of single units, from which the least useful are taken (Kudo 2018).

    The sentencepiece library learns it, from words and their counts: the trainer of `tokenizers`
    has other results in each process, and needs a sixth more units for the same text.
    """
    from tokenizers import models

    tokenizer = _byte_level(models.Unigram())
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(line))
    unseen = sorted(set(_alphabet()).difference(*counts))
    scores = _scored(counts, size - len(unseen)) if counts else {}
    # What was never seen is written in bytes, which no word needs.
    least = min(scores.values(), default=0.0) - 10
    form = json.loads(tokenizer.to_str())
    vocabulary = [*scores.items(), *((unit, least) for unit in unseen)]
    form["model"] |= {"vocab": vocabulary, "unk_id": None}
    return json.dumps(form, ensure_ascii=False)


def _scored(counts: Mapping[str, int], size: int) -> dict[str, float]:
    """The units of a unigram model of words, with their log-probabilities, the largest first."""
    library = sentence_pieces.library()
    words = sorted(counts, key=lambda word: (-counts[word], word))
    content = BytesIO()
    library.SentencePieceTrainer.train(
        sentence_iterator=(f"{word}\t{counts[word]}" for word in words),
        input_format="tsv",
        model_writer=content,
        model_type="unigram",
        vocab_size=size + 1,  # one is for what is unknown
        hard_vocab_limit=False,
        character_coverage=1.0,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        # Words are bytes already, written as signs that need no care.
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
        split_by_whitespace=False,
        max_sentence_length=2**30,
        num_threads=8,  # the sums depend on it, so it is no matter of the machine
        minloglevel=2,
    )
    model = library.SentencePieceProcessor(model_proto=content.getvalue())
    pieces = range(1, model.get_piece_size())
    return {model.id_to_piece(index): model.get_score(index) for index in pieces}


ALGORITHMS: Mapping[str, Callable[[Iterable[str], int], str]] = {"bpe": _bpe, "unigram": _unigram}
"""How units are learned, by name; each gives the JSON text of a model."""
