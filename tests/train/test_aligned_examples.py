"""Examples with alignments: links between the places of a row as the model reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from s2sgraph.data import DataError, store
from s2sgraph.model import Model, compile
from s2sgraph.spec import load
from s2sgraph.train.corpora import corpus, moved
from s2sgraph.train.examples import Examples, encode

WORDS = """
source: {tokens: words, symbols: [a, b, c], end: true}
target: {tokens: characters, symbols: [x, y], normalize: spaces}
encoder: [embedding: 4, gru: 4]
decoder:
  - embedding: 4
  - gru: {size: 4, start: encoder.final}
  - attention: {name: context, score: dot}
  - output
data: {train: {file: x.tsv, alignments: x.align}, odd: POLICY, max_length: LONGEST}
train: {guided_alignment: {}}
"""
SEVERAL = """
source: {text: {tokens: ids, size: 9}, sound: {features: 1, static: {features: 1}}}
target: {tokens: ids, size: 9}
encoders: {text: [embedding: 4], sound: [gru: 4]}
memory: text
decoder:
  - embedding: 4
  - attention: {name: heard, query: embedding, score: additive, memory: sound}
  - attention: {name: seen, query: heard, score: additive}
  - output
data: {train: {file: x.jsonl, alignments: x.align}}
train: {guided_alignment: {attention: NAME}}
"""

Writer = Callable[..., Model]


@pytest.fixture
def model(tmp_path: Path) -> Writer:
    """Compiles a spec that lies beside files."""

    def write(
        links: str, rows: str = "a b c\txy\nb\tyx\n", policy: str = "error", longest: str = "null"
    ) -> Model:
        text = WORDS.replace("POLICY", policy).replace("LONGEST", longest)
        files = {"x.tsv": rows, "x.align": links, "spec.yaml": text}
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        return compile(load(tmp_path / "spec.yaml"))

    return write


def examples(model: Model, cache: Path | None = None) -> Examples:
    given = corpus(model.spec, "train")
    assert given is not None
    return encode(model, given, cache, model.spec.data.max_length)


def links(found: Examples) -> list[list[int]]:
    return [row["alignments"].tolist() for row in found.rows]


def test_rows_have_their_links(model: Writer) -> None:
    found = examples(model("0-1 2-0\n\n"))
    assert links(found) == [[0, 1, 2, 0], []]
    # They are no side: a batch is as wide as its sentences, end symbols among them.
    assert found.lengths.tolist() == [[4, 3], [2, 3]]


def test_places_are_those_of_the_normalized_line(model: Writer) -> None:
    """Three characters, since a run of spaces is one."""
    assert links(examples(model("0-2\n\n", "a\tx   y\nb\ty\n"))) == [[0, 2], []]
    with pytest.raises(DataError, match=r"alignment to no place \(0-3; source 1, target 3\)"):
        examples(model("0-3\n\n", "a\tx   y\nb\ty\n"))


def test_links_to_no_place_are_odd(model: Writer) -> None:
    """The end symbols are no places either."""
    lines = "0-0 3-1\n0-2\n"
    with pytest.raises(DataError) as caught:
        examples(model(lines))
    first, second, _ = str(caught.value).splitlines()
    expected = "expected places of the row, from 0"
    assert first.endswith(f"x.align:1: alignment to no place (3-1; source 3, target 2); {expected}")
    assert second.endswith(
        f"x.align:2: alignment to no place (0-2; source 1, target 2); {expected}"
    )
    kept = examples(model(lines, policy="keep"))
    assert links(kept) == [[0, 0], []]
    (report,) = kept.reports.values()
    assert report.repaired == {"alignment to no place": 2}


def test_a_row_that_does_not_fit_takes_its_links_along(model: Writer) -> None:
    rows = "a b c\txy\nb\txyxyx\nc\ty\n"
    found = examples(model("0-0\n0-4\n0-0\n", rows, "skip", "3"))
    assert links(found) == [[0, 0], [0, 0]]
    assert [place.line for place in found.places] == [1, 3]
    found = examples(model("1-1 3-0\n0-4\n0-0\n", rows, "skip"))
    assert links(found) == [[0, 4], [0, 0]]


def test_links_to_what_is_cut_off_are_cut_off(model: Writer) -> None:
    found = examples(model("0-0 2-1\n0-3 0-1\n", "a b c\txy\nb\txyxy\n", "keep", "2"))
    assert links(found) == [[0, 0], [0, 1]]
    assert [len(row["target"]) for row in found.rows] == [3, 3]


@pytest.mark.parametrize(("name", "places"), [("seen", 2), ("heard", 3)])
def test_of_several_sources_it_is_the_one_attended_to(
    tmp_path: Path, name: str, places: int
) -> None:
    row = '{"text": [4, 5], "sound": [[1], [2], [3]], "sound_static": [1], "target": [4]}\n'
    (tmp_path / "x.jsonl").write_text(row)
    (tmp_path / "spec.yaml").write_text(SEVERAL.replace("NAME", name))
    given = compile(load(tmp_path / "spec.yaml"))
    (tmp_path / "x.align").write_text(f"{places - 1}-0\n")
    assert links(examples(given)) == [[places - 1, 0]]
    (tmp_path / "x.align").write_text(f"{places}-0\n")
    with pytest.raises(DataError, match=rf"source {places}, target 1"):
        examples(given)


def test_many_are_mapped_and_found_again(
    model: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "IN_MEMORY", 100)
    given = model("0-1 2-0\n\n" * 50, "a b c\txy\nb\tyx\n" * 50)
    memory = examples(given)
    examples(given, tmp_path / "rows")
    monkeypatch.setattr("s2sgraph.train.examples._stored", None)  # must not be needed any more
    again = examples(given, tmp_path / "rows")
    assert links(again) == links(memory) == [[0, 1, 2, 0], []] * 50


def test_without_guiding_they_are_not_read(model: Writer) -> None:
    given = model("what is no alignment\n")
    plain = compile(given.spec.set({"train.guided_alignment": None}))
    assert "alignments" not in examples(plain).rows[0]


def test_a_run_folder_names_the_same_file(model: Writer, tmp_path: Path) -> None:
    given = model("0-0\n")
    changes = moved(given.spec, tmp_path / "runs" / "one" / "spec.yaml")
    assert changes["data.train"] == [{"file": "../../x.tsv", "alignments": "../../x.align"}]
