"""Counting units and choosing which to keep."""

import random

import pytest

from s2sgraph.text import Characters, Special, Subwords, Words, build, count

LINES = ["b a b", "c b a", "d"]
WORDS = Words()


def test_units_are_counted() -> None:
    assert count(WORDS, LINES) == {"b": 3, "a": 2, "c": 1, "d": 1}


def test_the_most_frequent_come_first_and_equal_ones_by_code_point() -> None:
    assert build(WORDS, count(WORDS, LINES)).symbols[4:] == ("b", "a", "c", "d")


def test_the_order_of_the_lines_does_not_matter() -> None:
    shuffled = LINES * 3
    random.Random(0).shuffle(shuffled)
    assert build(WORDS, count(WORDS, shuffled)) == build(WORDS, count(WORDS, LINES * 3))


def test_rare_units_are_left_out() -> None:
    assert build(WORDS, count(WORDS, LINES), least=2).symbols[4:] == ("b", "a")


def test_size_counts_the_special_symbols() -> None:
    kept = build(WORDS, count(WORDS, LINES), size=6)
    assert kept.symbols[4:] == ("b", "a")
    assert kept.size == 6
    shared = build(WORDS, count(WORDS, LINES), size=6, special=Special(pad=0, bos=0, eos=1, unk=2))
    assert shared.symbols[3:] == ("b", "a", "c")


def test_subwords_keep_their_order() -> None:
    units = Subwords.train(["aab aab"], 260)
    built = build(units, {}, least=5)
    assert list(built.symbols[4:]) == units.symbols
    assert built.decode(built.encode("aab é")) == "aab é"


@pytest.mark.parametrize(("settings", "word"), [({"size": 4}, "size"), ({"least": 0}, "least")])
def test_settings_without_sense_are_refused(settings: dict[str, int], word: str) -> None:
    with pytest.raises(ValueError, match=f"{word} is"):
        build(Characters(), {"a": 1}, **settings)  # type: ignore[arg-type]
