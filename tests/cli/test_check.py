"""`check`."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from s2sgraph.cli.specs import examples


@pytest.fixture
def dates() -> Path:
    return examples()["dates"]


def test_examples_have_no_mistakes(cli: Any) -> None:
    done = cli("check", *examples().values())
    assert (done.code, done.err) == (0, "")
    assert done.out.count(": no mistakes\n") == len(examples())


def test_every_mistake_is_told_with_its_place(cli: Any, tmp_path: Path, dates: Path) -> None:
    text = dates.read_text(encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("source:", "sourse:").replace("train:", "trian:"))
    done = cli("check", bad, dates)
    assert done.code == 2
    assert "did you mean source?" in done.err
    assert "did you mean train?" in done.err
    assert done.err.startswith(f"{bad}:")
    assert done.out == f"{dates}: no mistakes\n"


def test_values_are_set(cli: Any, dates: Path) -> None:
    assert cli("check", dates, "--set", "name=other", "--set", "train.steps=700").code == 0
    done = cli("check", dates, "--set", "train.steps=many")
    assert done.code == 2
    assert "train.steps" in done.err


@pytest.mark.parametrize("text", ["train.steps", "=3"])
def test_a_change_has_a_key_and_a_value(cli: Any, dates: Path, text: str) -> None:
    done = cli("check", dates, "--set", text)
    assert done.code == 2
    assert "expected KEY=VALUE" in done.err


def test_a_spec_that_is_not_there(cli: Any) -> None:
    done = cli("check", "none.yaml")
    assert done.code == 2
    assert "none.yaml: cannot be read" in done.err


def test_something_to_check_is_needed(cli: Any) -> None:
    assert cli("check").code == 2


def test_the_schema_is_a_schema(cli: Any) -> None:
    done = cli("check", "--schema")
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"source", "target", "encoder", "decoder"} <= schema["properties"].keys()
