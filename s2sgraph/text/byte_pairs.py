"""Byte-level BPE (Radford et al. 2019): what its units spell, and the merges that make them."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from s2sgraph.text.subwords import BYTES, Subwords
from s2sgraph.text.units import Units


def _alphabet() -> dict[str, int]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, BYTES)]
    others = [byte for byte in range(BYTES) if byte not in {*printable}]
    characters = [*printable, *range(BYTES, BYTES + len(others))]
    return {chr(c): byte for c, byte in zip(characters, [*printable, *others], strict=True)}


ALPHABET: Mapping[str, int] = _alphabet()
"""The printable characters that stand for the 256 bytes, as GPT-2 chose them."""
_LETTERS = {byte: character for character, byte in ALPHABET.items()}


@dataclass(frozen=True)
class BytePairs:
    """A byte-level BPE: its units, and the pairs that become one unit, most urgent first."""

    units: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]


def bytes_of(unit: str) -> bytes:
    """The bytes that a unit spells; those of the text itself if it is no unit of bytes."""
    if all(character in ALPHABET for character in unit):
        return bytes(ALPHABET[character] for character in unit)
    return unit.encode()


def unit_of(spelled: bytes) -> str:
    """The unit that spells these bytes."""
    return "".join(_LETTERS[byte] for byte in spelled)


def settled(line: str) -> str:
    """The line without characters at which other implementations may cut elsewhere.

    Those are U+0085, which is white space for some only, and what came to Unicode lately: each has
    its own version of it, and what it does not know is neither letter nor digit.
    """
    known = unicodedata.ucd_3_2_0.category
    return "".join(c for c in line if c != "\x85" and known(c) != "Cn")


def byte_pairs(subwords: Units) -> BytePairs:
    """The units and merges of a model that does nothing but GPT-2's byte-level BPE.

    Raises ValueError saying what else it does.
    """
    if not isinstance(subwords, Subwords):
        raise ValueError("its units are found by SentencePiece, not by byte-level BPE")
    form = json.loads(subwords.model)
    model = form["model"]
    if model["type"] != "BPE":
        raise ValueError(f"its units are found by {model['type']}, not by byte-level BPE")
    if form.get("normalizer") is not None:
        raise ValueError("its tokenizer.json normalizes lines")
    if form.get("added_tokens"):
        raise ValueError("its tokenizer.json adds tokens to the model")
    cutting, joining = form.get("pre_tokenizer") or {}, form.get("decoder") or {}
    if not _is_gpt2(cutting) or joining.get("type") != "ByteLevel":
        raise ValueError("its tokenizer.json cuts or joins lines in another way than GPT-2's")
    if any(model.get(key) for key in ("continuing_subword_prefix", "end_of_word_suffix")):
        raise ValueError("its units have marks at the start or the end of words")
    units = subwords.all_symbols
    lacking = sorted({*_LETTERS.values()}.difference(units))
    if lacking:
        raise ValueError(f"it lacks {len(lacking)} of the {BYTES} bytes")
    # Others look for a whole piece among the units before they merge anything.
    for unit in units:
        if subwords.merged(unit) != [unit]:
            raise ValueError(f"no merges lead to its unit {unit!r}")
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"])
    return BytePairs(tuple(units), tuple((left, right) for left, right in pairs))


def _is_gpt2(cutting: Mapping[str, object]) -> bool:
    """Whether lines are cut into pieces by GPT-2's rule, with no blank put before the first."""
    by_rule = cutting.get("type") == "ByteLevel" and cutting.get("use_regex", True) is True
    return by_rule and not cutting.get("add_prefix_space", True)
