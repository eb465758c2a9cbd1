"""Words of a sentence's own, to ids and back."""

import pytest

from s2sgraph.text import Characters, Ids, Vocabulary, Words
from s2sgraph.text.own import decode, encode, own_words

TABLE = Vocabulary.of(Words(), ["the", "met"])
LINE = "the Zog met the Bix , Zog"


def test_own_words_are_numbered_as_they_come() -> None:
    own = own_words(TABLE, LINE)
    assert own == ("Zog", "Bix", ",")
    assert encode(TABLE, LINE, own) == [4, 6, 5, 4, 7, 8, 6]
    assert decode(TABLE, [6, 5, 4, 7, 2, 8], own) == "Zog met the Bix"


def test_a_target_has_the_own_words_of_its_source_and_no_others() -> None:
    assert encode(TABLE, "Bix met Quux", ("Zog", "Bix")) == [7, 5, 3]


def test_ids_beyond_all_words_are_unknown() -> None:
    assert decode(TABLE, [4, 9, 6], ("Zog",)) == "the <unk> Zog"
    assert decode(TABLE, [6], ()) == "<unk>"


def test_an_end_symbol_is_no_word() -> None:
    table = Vocabulary.of(Words(), ["the"], end=True)
    assert own_words(table, "the Zog") == ("Zog",)
    assert encode(table, "the Zog", ("Zog",)) == [4, 5]


def test_special_symbols_in_a_line_are_words_like_others() -> None:
    own = own_words(TABLE, "<eos> the <unk>")
    assert own == ("<eos>", "<unk>")
    assert decode(TABLE, encode(TABLE, "<eos> the <unk>", own), own) == "<eos> the <unk>"


def test_characters() -> None:
    table = Vocabulary.of(Characters(), "ab")
    own = own_words(table, "aXbY")
    assert decode(table, encode(table, "YXa", own), own) == "YXa"


def test_numbers_stand_for_themselves() -> None:
    table = Ids(6)
    assert own_words(table, "4 9") == ()
    assert encode(table, "4 9", ()) == [4, 9]
    assert decode(table, [4, 9, 2], ()) == "4 9"
    with pytest.raises(ValueError, match="no id"):
        encode(table, "x", ())
