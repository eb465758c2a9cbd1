from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from s2sgraph.spec import dump, json_schema, kinds, load
from s2sgraph.spec.json_schema import FAMILIES
from s2sgraph.spec.reading import read


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_examples_are_valid(example: Path, validator: Draft202012Validator) -> None:
    texts = [example.read_bytes(), *(dump(load(example), full=full) for full in (False, True))]
    for text in texts:
        validator.validate(read(text, example.name).value)


def test_every_kind_is_there(validator: Draft202012Validator) -> None:
    definitions = validator.schema["$defs"]
    assert {f"layer.{word}" for word in kinds("layer")} <= set(definitions)
    for family in FAMILIES:
        words = {form["properties"]["kind"]["const"] for form in definitions[family]["anyOf"][1:]}
        assert words == set(kinds(family))


GOOD: dict[str, Any] = {
    "source": {"tokens": "words"},
    "target": {"tokens": "words"},
    "encoder": [{"embedding": 8}, {"lstm": 8}],
    "decoder": [{"embedding": 8}, {"attention": {"size": 3, "normalize": True}}, "output"],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoder": [{"embeding": 8}]},
        {"encoder": [{"embedding": "8"}]},
        {"encoder": [{"lstm": {}}]},
        {"encoder": ["lstm"]},
        {"encoder": []},
        {"encoder": [{"lstm": {"size": 8, "droput": 0.1}}]},
        {"decoder": [{"attention": {"score": "bilinear"}}]},
        {"source": {"tokens": "word"}},
        {"train": {"optimizer": {"kind": "adamw", "momentum": 0.1}}},
        {"train": {"r_drop": 0}},
        {"train": {"distillation": {"symbols": 0}}},
        {"train": {"coverage_loss": {"weight": 0}}},
        {"train": {"guided_alignment": {"weight": 1, "head": -1}}},
        {"train": {"scheduled_sampling": {"kind": "exponential"}}},
        {"train": {"scheduled_sampling": {"kind": "exponential", "base": 2}}},
        {"search": {"kind": "bean"}},
        {"nam": "x"},
    ],
)
def test_it_refuses(wrong: dict[str, Any], validator: Draft202012Validator) -> None:
    validator.validate(GOOD)
    assert not validator.is_valid({**GOOD, **wrong})
