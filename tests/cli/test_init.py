"""`init`."""

from pathlib import Path
from typing import Any

import pytest

from s2sgraph.cli.specs import description, examples


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_examples_are_listed(cli: Any) -> None:
    done = cli("init")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(examples())
    assert "dates" in examples()


@pytest.mark.parametrize("name", examples())
def test_every_example_says_what_it_is(name: str) -> None:
    assert len(description(examples()[name])) > 10


def test_an_example_is_copied(cli: Any, tmp_path: Path) -> None:
    done = cli("init", "dates")
    assert (done.code, done.out) == (0, "wrote dates.yaml\n")
    assert (tmp_path / "dates.yaml").read_bytes() == examples()["dates"].read_bytes()


def test_an_example_is_copied_elsewhere(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    assert cli("init", "dates", "--to", "models").code == 0
    assert cli("init", "dates", "--to", "models/mine.yaml").code == 0
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"dates.yaml", "mine.yaml"}


def test_nothing_is_overwritten_unasked(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "dates.yaml").write_text("mine")
    done = cli("init", "dates")
    assert done.code == 2
    assert "dates.yaml exists; --force overwrites it" in done.err
    assert (tmp_path / "dates.yaml").read_text() == "mine"
    assert cli("init", "dates", "--force").code == 0
    assert (tmp_path / "dates.yaml").read_text() != "mine"


def test_an_unknown_example(cli: Any) -> None:
    done = cli("init", "date")
    assert done.code == 2
    assert "did you mean 'dates'?" in done.err


def test_a_folder_that_is_not_there(cli: Any) -> None:
    done = cli("init", "dates", "--to", "nowhere/dates.yaml")
    assert done.code == 2
    assert "cannot be written (No such file or directory)" in done.err
