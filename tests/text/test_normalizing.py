"""Normalisation of lines, alike in training and in a session."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.runtime import Session
from s2sgraph.spec.sides import NORMALIZATIONS
from s2sgraph.text import STEPS, Characters, Vocabulary, from_json, normalize

CASES = {
    "nfc": ("e\u0301", "é"),
    "nfd": ("é", "e\u0301"),
    "nfkc": ("ﬁ\u00a0½", "fi 1\u20442"),
    "nfkd": ("ﬁé", "fie\u0301"),
    "lowercase": ("ÀßΣ", "àßς"),
    "casefold": ("ÀßΣ", "àssσ"),
    "strip_accents": ("Ça n\u0303", "Ca n"),
    "spaces": ("  a\u00a0\t b\u2028", "a b"),
}


def test_the_language_has_every_step() -> None:
    assert tuple(STEPS) == NORMALIZATIONS == tuple(CASES)


@pytest.mark.parametrize("step", CASES)
def test_what_a_step_does(step: str) -> None:
    line, expected = CASES[step]
    assert normalize(line, [step]) == expected


@pytest.mark.parametrize("step", STEPS)
@given(line=st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_a_step_once_is_enough_and_adds_no_line(step: str, line: str) -> None:
    once = normalize(line, [step])
    assert normalize(once, [step]) == once
    assert "\n" not in once


def test_steps_follow_each_other() -> None:
    assert normalize("ＡＢ", ["nfkc", "lowercase"]) == "ab"
    assert normalize("İ", ["lowercase", "strip_accents"]) == "i"
    assert normalize("İ", ["strip_accents", "lowercase"]) == "i"
    assert normalize("Ａ", []) == "Ａ"


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown normalisation 'upper'; expected one of nfc"):
        Vocabulary.of(Characters(), "ab", normalize=("upper",))
    form = Vocabulary.of(Characters(), "ab").to_json()
    with pytest.raises(ValueError, match="'normalize' is 'nfc'; expected a list"):
        from_json({**form, "normalize": "nfc"})


def test_a_vocabulary_normalizes_what_it_reads() -> None:
    table = Vocabulary.of(Characters(), "abé", normalize=("nfc", "lowercase"))
    assert table.encode("ABE\u0301") == [4, 5, 6]
    assert table.decode(table.encode("ABE\u0301")) == "abé"
    assert from_json(table.to_json()) == table
    # Files written before there was such a setting have no word of it.
    assert "normalize" not in Vocabulary.of(Characters(), "ab").to_json()


def test_a_session_normalizes_as_training_did(write_model: Callable[..., Path]) -> None:
    table = Vocabulary.of(Characters(), "abcdefgh ", normalize=("nfkc", "lowercase")).to_json()
    session = Session(write_model(vocabularies={"source": table, "target": table}))
    assert session.run(["ＡBc"])[0].text == "abc"
