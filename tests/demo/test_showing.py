"""The demonstration keeps its promise."""

from pathlib import Path

import pytest

from s2sgraph.cli import specs
from s2sgraph.demo import showing
from s2sgraph.demo.dates import write
from s2sgraph.demo.showing import show


@pytest.mark.long
def test_the_demonstration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(tmp_path / "dates")
    out = capsys.readouterr().out
    assert "of 2,000 held-out lines exactly right" in out
    assert "  ja  1998年6月26日(金) -> 1998-06-26\n" in out
    assert (tmp_path / "dates" / "model.onnx").exists()


def test_a_small_run_of_it_says_that_it_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = specs.examples()["dates"].read_text()
    spec = tmp_path / "dates.yaml"
    spec.write_text(text[: text.index("train:\n")] + "train: {batch_size: 4, steps: 2}\n")
    monkeypatch.setattr(specs, "examples", lambda: {"dates": spec})
    sizes = {"train": 200, "dev": 20, "test": 20}
    monkeypatch.setattr(showing, "write", lambda folder, test: write(folder, **sizes))
    assert not show(tmp_path / "run")
    out = capsys.readouterr().out
    assert "That is less than the 98% this demonstration promises." in out
    assert str(tmp_path / "run" / "model.onnx") in out
