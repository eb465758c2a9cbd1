"""What is byte-level BPE and nothing else."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from s2sgraph.text import BytePairs, SentencePieces, Subwords, byte_pairs, bytes_of, unit_of
from s2sgraph.text.byte_pairs import ALPHABET, settled

LINES = ["low lower lowest", "new newer newest", "wide wider widest"] * 5
LEARNED = Subwords.train(LINES, 300)


def changed(**changes: Any) -> Subwords:
    """The learned units with other settings; those of the model are under `model`."""
    form = json.loads(LEARNED.model)
    form["model"] |= changes.pop("model", {})
    return Subwords(json.dumps({**form, **changes}))


def test_the_alphabet_is_that_of_the_library() -> None:
    assert {*ALPHABET} == {*pre_tokenizers.ByteLevel.alphabet()}
    assert sorted(ALPHABET.values()) == [*range(256)]
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    # All bytes that UTF-8 has.
    line = "".join(map(chr, range(0x800))) + "\u0800\uffff\U00010000\U0010ffff" + "\U00100000"
    ((unit, _),) = cut.pre_tokenize_str(line)
    assert bytes_of(unit) == line.encode()


@given(st.binary())
def test_units_and_their_bytes(text: bytes) -> None:
    assert bytes_of(unit_of(text)) == text


def test_what_is_no_unit_of_bytes_spells_itself() -> None:
    assert bytes_of("<a b>") == b"<a b>"
    assert bytes_of("Ġé") == b" \xe9"
    assert bytes_of("漢") == "漢".encode()


def test_units_and_merges() -> None:
    found = byte_pairs(LEARNED)
    assert isinstance(found, BytePairs)
    assert [*found.units] == LEARNED.all_symbols
    assert len(found.merges) == len(found.units) - 256
    assert all(left + right in found.units for left, right in found.merges)
    older = changed(model={"merges": [" ".join(pair) for pair in found.merges]})
    assert byte_pairs(older) == found


BYTES = [*sorted(ALPHABET)]
ODD_MERGES = {"bc": ("b", "c"), "ab": ("a", "b"), "abc": ("ab", "c")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"normalizer": {"type": "NFC"}}, "normalizes lines"),
        ({"pre_tokenizer": None}, "in another way than GPT-2's"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "in another way than GPT-2's"),
        (
            {
                "pre_tokenizer": {
                    "type": "ByteLevel",
                    "add_prefix_space": True,
                    "trim_offsets": True,
                    "use_regex": True,
                }
            },
            "in another way than GPT-2's",
        ),
        (
            {
                "pre_tokenizer": {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                }
            },
            "in another way than GPT-2's",
        ),
        ({"decoder": None}, "in another way than GPT-2's"),
        (
            {
                "added_tokens": [
                    {
                        "id": 300,
                        "content": "<mask>",
                        "single_word": False,
                        "lstrip": False,
                        "rstrip": False,
                        "normalized": False,
                        "special": True,
                    }
                ]
            },
            "adds tokens",
        ),
        ({"model": {"end_of_word_suffix": "</w>"}}, "marks at the start or the end of words"),
        (
            {"model": {"vocab": dict(zip(BYTES[1:], range(255), strict=True)), "merges": []}},
            "lacks 1 of the 256 bytes",
        ),
        (
            {
                "model": {
                    "vocab": {unit: i for i, unit in enumerate([*BYTES, *ODD_MERGES])},
                    "merges": [*ODD_MERGES.values()],
                }
            },
            "no merges lead to its unit 'abc'",
        ),
    ],
    ids=str,
)
def test_what_else_a_model_does_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        byte_pairs(changed(**changes))


def test_other_units() -> None:
    with pytest.raises(ValueError, match="found by Unigram, not by byte-level BPE"):
        byte_pairs(Subwords.train(LINES, 300, "unigram"))
    pieces = SentencePieces.__new__(SentencePieces)
    with pytest.raises(ValueError, match="found by SentencePiece"):
        byte_pairs(pieces)


def test_characters_that_are_old_enough() -> None:
    line = "a\té\u3000漢𝄞\u2028\0\U0010fffe"
    assert settled(line + "\x85\U0001e030\u1c89") == line.removesuffix("\U0010fffe")
    settled_ones = sum(bool(settled(chr(code))) for code in range(sys.maxunicode + 1))
    assert 0x30000 < settled_ones < 0x40000
