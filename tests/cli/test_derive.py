"""`derive`: from a spec and its data to lines that train reads."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

SPEC = """
name: plurals
source: {tokens: characters, normalize: lowercase}
target: {tokens: words}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, {gru: {size: 4, start: encoder.final}}, output]
data: {train: [train.tsv, {file: derived.tsv, weight: 0.5}]}
train: {steps: 2, batch_tokens: 100}
"""

STEMS = ["".join(letters) for letters in product("bdgk", "AO", "tl", "in")]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    lines = [f"{stem}\t{' '.join(stem.upper())}\n" for stem in STEMS]
    lines += [f"{stem}s\t{' '.join(stem.upper())} ZH\n" for stem in STEMS[3:]]
    (tmp_path / "train.tsv").write_text("".join(lines))
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return path


def test_new_lines_are_normalized_and_train_reads_them(
    cli: Any, spec: Path, tmp_path: Path
) -> None:
    output = tmp_path / "derived.tsv"
    done = cli("derive", spec, "--train", tmp_path / "train.tsv", "-o", output)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"3 new lines from 61: {output}\n"
    assert output.read_text() == "".join(
        f"{stem.lower()}s\t{' '.join(stem.upper())} ZH\n" for stem in sorted(STEMS[:3])
    )
    done = cli("train", spec, "-o", tmp_path / "run")
    assert done.code == 0, done.err


def test_a_tab_inside_a_text_leads_to_no_line(cli: Any, spec: Path, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in (tmp_path / "train.tsv").read_text().splitlines()]
    both = [*rows, ["al\tti", "A L T I"]]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in both))
    output = tmp_path / "derived.tsv"
    done = cli("derive", spec, "--train", data, "-o", output)
    assert (done.code, done.out) == (0, f"3 new lines from 62: {output}\n")
    assert [line.count("\t") for line in output.read_text().splitlines()] == [1, 1, 1]


def test_settings(cli: Any, spec: Path, tmp_path: Path) -> None:
    train, output = tmp_path / "train.tsv", tmp_path / "derived.tsv"
    for option, value in (("--least", "0.995"), ("--common", "0.95")):
        done = cli("derive", spec, "--train", train, "-o", output, option, value)
        assert (done.code, output.read_text()) == (0, ""), done.err
    assert cli("derive", spec, "--train", train, "-o", output, "--least", "2").code == 2


def test_training_data_is_never_overwritten(cli: Any, spec: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.tsv"
    before = train.read_bytes()
    done = cli("derive", spec, "--train", train, "-o", tmp_path / "." / "train.tsv")
    assert done.code == 2
    assert "is training data" in done.err
    assert train.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("source={tokens: subwords, size: 300}", "source"),
        ("target={tokens: ids, size: 9}", "target"),
        ("source={features: 3}", "source"),
    ],
)
def test_other_data_are_refused_at_their_place(
    cli: Any, spec: Path, tmp_path: Path, change: str, place: str
) -> None:
    done = cli("derive", spec, "--set", change, "-o", tmp_path / "derived.tsv")
    assert done.code == 2
    assert f"{place}: analogies are of one source and a target" in done.err
    assert not (tmp_path / "derived.tsv").exists()


def test_bad_data_and_no_data(cli: Any, spec: Path, tmp_path: Path) -> None:
    train = tmp_path / "train.tsv"
    train.write_text("no tab\n" + train.read_text())
    done = cli("derive", spec, "--train", train, "-o", tmp_path / "derived.tsv")
    assert done.code == 3
    assert f"{train}:1: no TAB" in done.err
    done = cli("derive", spec, "--set", "data={dev: train.tsv}", "-o", tmp_path / "derived.tsv")
    assert done.code == 2
    assert "names no training data" in done.err
