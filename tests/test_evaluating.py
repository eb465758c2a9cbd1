"""What is asked of a session, and how its answers stand beside their references."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.data import Corpus, DataError, Field, Part
from s2sgraph.evaluating import evaluate, fields, questions, read_rows, target_kind, text_of
from s2sgraph.metrics.figure import Figure, share
from s2sgraph.metrics.measuring import Evidence, default_metrics, measure
from s2sgraph.metrics.metric import TextMetric
from s2sgraph.metrics.samples import Text, TextSample
from s2sgraph.model import compile
from s2sgraph.runtime import Session
from s2sgraph.spec import loads
from s2sgraph.text import Characters, Ids, Vocabulary, Words

SPEC = """
source: {tokens: words, symbols: [a, b, c]}
target: {tokens: words, symbols: [x, y]}
encoder: [embedding: 8]
decoder: [embedding: 8, gru: {size: 8, start: {mean: encoder}}, output]
search: {max_length: 5}
"""


def test_a_reference_is_cut_and_written_as_the_vocabulary_does() -> None:
    words = Vocabulary.of(Words(), ["a", "b"])
    assert text_of(words, " a  b\u3000c ") == Text("a b c", ("a", "b", "c"))
    characters = Vocabulary.of(Characters(), "abÄ", normalize=("nfc", "lowercase"))
    assert text_of(characters, "A\u0308 b") == Text("ä b", ("ä", " ", "b"))
    numbers = text_of(Ids(9), " 3   12")
    assert numbers == Text("3 12", ("3", "12"))


def test_rows_are_read_with_their_places(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tsv", tmp_path / "b.tsv"
    first.write_text("a\tx\nno tab\nb\ty\n")
    second.write_text("c\ty\n")
    given = {"source": Field("text"), "target": Field("text")}
    found = read_rows(Corpus((Part(first), Part(second)), given, "skip"))
    assert [row["source"] for row in found.rows] == ["a", "b", "c"]
    assert [(place.file, place.line) for place in found.places] == [
        (str(first), 1), (str(first), 3), (str(second), 1),
    ]  # fmt: skip
    assert [report.lines for report in found.reports.values()] == [3, 1]
    with pytest.raises(DataError, match=r"a.tsv:2: no TAB"):
        read_rows(Corpus((Part(first), Part(second)), given, "error"))


def test_a_file_that_takes_lines_has_the_same_figures(tmp_path: Path) -> None:
    model = compile(loads(SPEC))
    weights = model.initial(2)
    plain = Session(model.export(tmp_path / "ids.onnx", weights))
    lines = Session(model.export(tmp_path / "text.onnx", weights, text="standard"))
    assert lines.contract.sources[0].dtype == "string"
    assert fields(plain.contract) == fields(lines.contract)
    assert target_kind(lines.contract) == "words"
    rows: list[Any] = [
        {"source": s, "target": t} for s, t in [("a b", "x"), ("c", "y x"), ("a b", "y")]
    ]
    assert [q.rows for q in questions(lines.contract, rows)] == [(0, 2), (1,)]
    metrics = default_metrics("words")
    found = [evaluate(session, rows, metrics).figures for session in (plain, lines)]
    assert found[0] == found[1]


def test_a_metric_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2sgraph.spec import kinds
    from s2sgraph.spec.kinds import _FAMILIES, choose

    kinds("metric")
    monkeypatch.setitem(_FAMILIES, "metric", dict(_FAMILIES["metric"]))
    page = (Path(__file__).parent.parent / "docs" / "evaluation.md").read_text()
    code = page.rpartition("```python\n")[2].partition("```")[0]
    names = {"TextMetric": TextMetric, "TextSample": TextSample, "Sequence": Sequence}
    exec(code, {**names, "Figure": Figure, "share": share})
    sample = TextSample(Text.of_words("a b c"), (Text.of_words("a b"), Text.of_words("q")))
    metric: Any = choose("metric", {"kind": "length_ratio", "name": "long"})
    found = measure([metric], Evidence([sample]))
    assert found["long"].value == 1.5
