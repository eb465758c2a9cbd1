"""`check`."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from s2sgraph.cli.specs import examples
from s2sgraph.spec import loads


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


# ------------------------------------------------------------------ what a line becomes

DOCUMENTATION = (Path(__file__).parent.parent.parent / "docs" / "data.md").read_text("utf-8")

SIDES = """
source: {tokens: characters, symbols: [a, b, " "], normalize: [nfkc, lowercase], end: true}
target: {tokens: words, symbols: [one, two]}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
"""


@pytest.fixture
def sides(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SIDES)
    return path


def test_a_line_is_shown_step_by_step(cli: Any, sides: Path) -> None:
    done = cli("check", sides, "--line", "Ａ Bx\tone three")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{sides}: no mistakes",
        "source: 'Ａ Bx'",
        "  normalized  'a bx'",
        "  units       'a' ' ' 'b' 'x'=<unk> <eos>",
        "  ids         4 6 5 3 2",
        "  unknown     1 of 4: 'x'",
        "  back        'a b<unk>'",
        "target: 'one three'",
        "  units       'one' 'three'=<unk> <eos>",
        "  ids         4 3 2",
        "  unknown     1 of 2: 'three'",
        "  back        'one <unk>'",
    ]
    assert done.out.partition("\n")[2] in DOCUMENTATION


def test_the_documented_data_are_valid(sides: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCUMENTATION, re.DOTALL)
    files, derived = (loads(SIDES + example).data for example in examples)
    assert [part.weight for part in files.train or ()] == [1, 0.5, 2]
    assert (files.odd, files.max_length) == ("skip", 200)
    assert [part.weight for part in derived.train or ()] == [1, 0.1]


def test_a_line_may_be_a_source_alone(cli: Any, sides: Path) -> None:
    done = cli("check", sides, "--line", "ab", "--line", "")
    assert "target" not in done.out
    assert "source: 'ab'" in done.out
    assert "source: ''\n  normalized  ''\n  units       <eos>\n  ids         2\n" in done.out


def test_the_ids_are_those_of_training(cli: Any, sides: Path) -> None:
    from s2sgraph.data import Corpus, Field, Part
    from s2sgraph.model import compile
    from s2sgraph.spec import load
    from s2sgraph.train.examples import encode

    file = sides.parent / "train.tsv"
    file.write_text("Ａ Bx\tone three\n")
    fields = {"source": Field(), "target": Field()}
    (row,) = encode(compile(load(sides)), Corpus((Part(file),), fields)).rows
    out = cli("check", sides, "--line", "Ａ Bx\tone three").out
    shown = [line.split()[1:] for line in out.splitlines() if line.startswith("  ids")]
    assert shown == [[str(index) for index in row[name]] for name in ("source", "target")]


def test_lines_of_ids(cli: Any, sides: Path) -> None:
    changes = ("--set", "source={tokens: ids, size: 20}")
    done = cli("check", sides, *changes, "--line", "5 17")
    assert "source: '5 17'\n  ids         5 17\n  back        '5 17'\n" in done.out
    done = cli("check", sides, *changes, "--line", "5 99")
    assert (done.code, done.err) == (3, "--line: source: id 99 at place 1; expected 0 to 19\n")


def test_too_many_columns(cli: Any, sides: Path) -> None:
    done = cli("check", sides, "--line", "a\tone\ttwo")
    assert done.code == 2
    assert "3 columns; expected at most 2: source TAB target" in done.err


def test_an_open_vocabulary_has_no_ids_yet(cli: Any, dates: Path) -> None:
    done = cli("check", dates, "--line", "3. Mai")
    assert done.code == 2
    assert "the vocabulary is open" in done.err
    assert "train closes it" in done.err
