"""The files of examples, in every form in which a spec may name them."""

from typing import Any

import jsonschema
import pytest

from s2sgraph.spec import SpecError, dump, json_schema, loads
from s2sgraph.spec.dumping import plain

TEXT = """
source: {tokens: characters}
target: {tokens: characters}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
"""
COLUMNS = {"source": "a.en", "target": "a.fr"}

FORMS: list[tuple[Any, list[Any]]] = [
    ("a.tsv", ["a.tsv"]),
    (["a.tsv", "b.tsv"], ["a.tsv", "b.tsv"]),
    (COLUMNS, [COLUMNS]),
    ({"file": "a.tsv"}, ["a.tsv"]),
    ({"file": "a.tsv", "weight": 2}, [{"file": "a.tsv", "weight": 2}]),
    ({"file": "a.tsv", "alignments": "a.gz"}, [{"file": "a.tsv", "alignments": "a.gz"}]),
    ({"alignments": "a", **COLUMNS, "weight": 2}, [{**COLUMNS, "alignments": "a", "weight": 2}]),
    (["a.tsv", {**COLUMNS, "weight": 0.25}], ["a.tsv", {**COLUMNS, "weight": 0.25}]),
]


@pytest.mark.parametrize(("given", "spelled"), FORMS)
def test_every_form_is_read_written_and_in_the_schema(given: Any, spelled: list[Any]) -> None:
    spec = loads(TEXT).set({"data.train": given})
    assert plain(spec.data) == {"train": spelled}
    for full in (False, True):
        assert loads(dump(spec, full=full)) == spec
    validator = jsonschema.Draft202012Validator(json_schema())
    for form in (given, spelled):
        validator.validate({**plain(loads(TEXT)), "data": {"train": form}})


@pytest.mark.parametrize(
    "given", [[], {}, 3, [3], {"weight": 2}, {"alignments": "a"}, {"file": ["a"]}, [[]]]
)
def test_what_names_no_file_is_refused(given: Any) -> None:
    spec = loads(TEXT)
    with pytest.raises(SpecError, match=r"set data\.train: data\.train"):
        spec.set({"data.train": given})


def test_columns_are_the_inputs_of_the_model() -> None:
    text = """
source: {text: {tokens: words}, sound: {features: 2, static: {features: 1}}}
target: {tokens: words}
encoders: {text: [embedding: 4, gru: 4], sound: [gru: 4]}
memory: text
decoder: [embedding: 4, gru: {size: 4, start: text.final}, output]
"""
    names = ["text", "sound", "sound_static", "target"]
    columns = {name: f"{name}.npy" for name in names}
    spec = loads(text).set({"data.train": columns})
    assert list(spec.data.train[0].columns) == names  # type: ignore[index]
    with pytest.raises(SpecError, match="no input is called speech"):
        spec.set({"data.train": {**columns, "speech": "x"}})
    with pytest.raises(SpecError, match="missing: a file for sound_static and target"):
        spec.set({"data.train": {"text": "a", "sound": "b"}})
