from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from s2sgraph.spec import Spec, dump, load, loads

TEXT = "source: {tokens: words}\ntarget: {tokens: words}\nencoder: [embedding: 8, lstm: 8]\n"
TEXT += "decoder: [embedding: 8, attention: {score: additive, size: 3, normalize: true}, output]\n"
# What YAML can hold: no half surrogate pairs.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.mark.parametrize("full", [False, True])
def test_examples_read_back(example: Path, full: bool) -> None:
    spec = load(example)
    text = dump(spec, full=full)
    again = loads(text)
    assert again == spec
    assert dump(again, full=full) == text


def test_another_reader_of_yaml_sees_the_same(example: Path) -> None:
    text = dump(load(example), full=True)
    data = YAML(typ="safe", pure=True).load(text)
    assert Spec.model_validate(data) == load(example)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=5, unique=True))
def test_any_text_reads_back(description: str, symbols: list[str]) -> None:
    spec = loads(TEXT).set({"description": description, "source.symbols": symbols})
    assert loads(dump(spec)) == spec


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_any_number_reads_back(rate: float) -> None:
    spec = loads(TEXT).set({"train.optimizer.rate": rate})
    assert loads(dump(spec)) == spec


def test_what_is_not_default_is_written_in_the_language() -> None:
    assert dump(loads(TEXT)) == (
        "source: {tokens: words}\n"
        "target: {tokens: words}\n"
        "encoder:\n"
        "- {embedding: 8}\n"
        "- {lstm: 8}\n"
        "decoder:\n"
        "- {embedding: 8}\n"
        "- attention: {score: additive, size: 3, normalize: true}\n"
        "- output\n"
    )
