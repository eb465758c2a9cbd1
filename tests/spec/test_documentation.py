"""The reference of the language names every word of it, and its examples are valid."""

import re
from pathlib import Path

import pytest

from s2sgraph.spec import Spec, kinds, loads
from s2sgraph.spec.attention_losses import CoverageLoss, GuidedAlignment
from s2sgraph.spec.data import Data
from s2sgraph.spec.fields import RESERVED
from s2sgraph.spec.items import Block
from s2sgraph.spec.json_schema import FAMILIES
from s2sgraph.spec.sides import FeatureSource, FeatureTarget, Special, TokenSource, TokenTarget
from s2sgraph.spec.training import Train

TEXT = (Path(__file__).parent.parent.parent / "docs" / "spec.md").read_text()


def test_the_first_example_is_valid() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert loads(example).name == "dates"


@pytest.mark.parametrize("family", ["layer", *FAMILIES])
def test_every_kind_and_setting_is_named(family: str) -> None:
    for word, kind in kinds(family).items():
        for name in {word, *kind.keys()}:
            assert re.search(rf"\b{name}\b", TEXT), f"{family} {word}: {name}"


@pytest.mark.parametrize(
    "settings",
    [
        *(Spec, Special, TokenSource, TokenTarget, FeatureSource, FeatureTarget, Data, Train),
        *(Block, CoverageLoss, GuidedAlignment),
    ],
)
def test_every_key_is_named(settings: type[Spec]) -> None:
    for key in set(settings.keys()):
        assert re.search(rf"\b{key}\b", TEXT), key


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_every_reserved_word_is_named(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT)
