"""Ids of lines, lines of ids, and the form in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.text import Characters, Ids, Special, Subwords, Vocabulary, Words, from_json

ABC = Vocabulary.of(Characters(), "abc")
WORDS = Vocabulary.of(Words(), ["one", "two"])


def test_special_symbols_stand_at_their_ids() -> None:
    assert ABC.symbols == ("<pad>", "<bos>", "<eos>", "<unk>", "a", "b", "c")
    moved = Vocabulary.of(Characters(), "abc", Special(pad=4, bos=0, eos=6, unk=2))
    assert moved.symbols == ("<bos>", "a", "<unk>", "b", "<pad>", "c", "<eos>")
    assert moved.encode("abcd") == [1, 3, 5, 2]


def test_two_special_symbols_may_share_an_id() -> None:
    shared = Vocabulary.of(Characters(), "a", Special(pad=0, bos=0, eos=1, unk=2))
    assert shared.symbols == ("<pad>", "<eos>", "<unk>", "a")


def test_unknown_units_are_unk() -> None:
    assert ABC.encode("axc") == [4, 3, 6]
    assert ABC.encode("") == []


@pytest.mark.parametrize("name", ["<pad>", "<bos>", "<eos>", "<unk>"])
def test_a_special_symbol_is_never_read_from_text(name: str) -> None:
    assert WORDS.encode(f"one {name} two") == [4, 3, 5]


def test_the_source_end_symbol_is_a_setting() -> None:
    assert Vocabulary.of(Characters(), "ab", end=True).encode("ab") == [4, 5, 2]
    assert Vocabulary.of(Characters(), "ab", end=True).encode("") == [2]


def test_decoding_stops_at_the_end_and_skips_padding() -> None:
    assert ABC.decode([1, 4, 0, 5, 2, 6]) == "ab"
    assert ABC.decode([4, 3, 6]) == "a<unk>c"
    assert WORDS.decode([4, 5]) == "one two"


@pytest.mark.parametrize("index", [-1, 7])
def test_an_id_outside_names_its_place(index: int) -> None:
    with pytest.raises(ValueError, match=f"id {index} at place 1; expected 0 to 6"):
        ABC.decode([4, index])


@given(st.text(alphabet="abc"))
def test_known_lines_come_back(line: str) -> None:
    assert ABC.decode(ABC.encode(line)) == line


def test_a_symbol_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="symbol 'b' is given twice"):
        Vocabulary.of(Characters(), "abcb")


def test_a_special_id_outside_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="id of unk is 9, but there are only 4"):
        Vocabulary(Characters(), ("<pad>", "<bos>", "<eos>", "a"), Special(unk=9))


@pytest.mark.parametrize("value", [-1, True, 1.0, "0"])
def test_a_special_id_is_a_whole_number(value: object) -> None:
    with pytest.raises(ValueError, match="id of pad"):
        Special(pad=value)  # type: ignore[arg-type]


# ------------------------------------------------------------------ ids


def test_lines_of_ids() -> None:
    ids = Ids(50)
    assert ids.encode(" 3 49\t7 ") == [3, 49, 7]
    assert ids.decode([1, 3, 49, 2, 7]) == "3 49"
    assert Ids(50, end=True).encode("3") == [3, 2]


@pytest.mark.parametrize("word", ["50", "-1", "1.0", "1_0", "x", "٣", "9" * 30, "9" * 5000])
def test_what_is_no_id_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="at place 1") as caught:
        Ids(50).encode(f"3 {word}")
    assert len(str(caught.value)) < 120


def test_open_ids_take_what_fits_int64() -> None:
    assert Ids().encode(str(2**63 - 1)) == [2**63 - 1]
    with pytest.raises(ValueError, match="at place 0"):
        Ids().encode(str(2**63))


# ------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    "vocabulary",
    [
        ABC,
        WORDS,
        Vocabulary.of(Words(), ["é", "\u2028"], Special(pad=3, bos=2, eos=1, unk=0), end=True),
        Vocabulary.of(Subwords.train(["aa ab", "aa"], 256), ["a"]),
        Ids(50, Special(pad=1, bos=0), end=True),
        Ids(),
    ],
    ids=["characters", "words", "settings", "subwords", "ids", "open ids"],
)
def test_json_and_back(vocabulary: Vocabulary | Ids) -> None:
    text = json.dumps(vocabulary.to_json())
    assert from_json(json.loads(text)) == vocabulary


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ([], "a vocabulary is a mapping, not list"),
        ({}, "'symbols' is missing"),
        ({"kind": "words", "symbols": "abcd"}, "'symbols' is missing or no list"),
        ({"kind": "words", "symbols": [1]}, "no list of texts"),
        ({"kind": "word", "symbols": []}, "unknown kind of vocabulary 'word'"),
        ({"kind": "words", "symbols": [], "special": {"sep": 1}}, "special symbols: .*'sep'"),
        ({"kind": "words", "symbols": [], "special": 3}, "special symbols"),
        ({"kind": "words", "symbols": []}, "id of pad is 0, but there are only 0"),
        ({"kind": "words", "symbols": [], "end": 1}, "'end' is 1; expected true or false"),
        ({"kind": "subwords", "symbols": []}, "without its 'model'"),
        ({"kind": "ids", "size": 0}, "'size' is 0"),
    ],
)
def test_a_damaged_form_is_refused(form: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(form)
