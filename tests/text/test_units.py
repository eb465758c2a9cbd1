"""Cutting lines into units and joining them again."""

from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.text import Characters, Words


@given(st.text())
def test_characters_join_to_the_same_line(line: str) -> None:
    assert Characters().join(Characters().split(line)) == line


def test_words_are_cut_at_any_white_space() -> None:
    assert Words().split(" a\u00a0b\tc  d\u2028") == ["a", "b", "c", "d"]
    assert Words().join(["a", "b"]) == "a b"
