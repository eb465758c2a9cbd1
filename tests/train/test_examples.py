"""Examples: from the files of a spec to rows of ids and frames."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2sgraph.data import DataError, store
from s2sgraph.model import Model, compile
from s2sgraph.spec import Spec, load
from s2sgraph.train.corpora import corpus, moved
from s2sgraph.train.examples import Examples, encode
from s2sgraph.train.folder import Folder
from s2sgraph.train.preparing import Preparation
from s2sgraph.train.processes import Processes

TEXT = """
source: {tokens: characters, symbols: [a, b, c], end: true}
target: {tokens: words, symbols: [x, y]}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
data: DATA
"""

FRAMES = """
source: {features: 2, static: {features: 3}}
target: {features: 1}
steps: {calendar: {features: 2}}
encoder: [gru: 4]
decoder: [gru: {from: [input, calendar], size: 4, start: encoder.final}, output]
data: DATA
"""

Writer = Callable[..., Model]


@pytest.fixture
def model(tmp_path: Path) -> Writer:
    """Compiles a spec that lies beside files."""

    def write(data: str, text: str = TEXT, **files: str) -> Model:
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content)
        path = tmp_path / "spec.yaml"
        path.write_text(text.replace("DATA", data))
        return compile(load(path))

    return write


def examples(model: Model, cache: Path | None = None, which: str = "train") -> Examples:
    given = corpus(model.spec, which)
    assert given is not None
    return encode(model, given, cache, model.spec.data.max_length)


def listed(found: Examples) -> list[dict[str, Any]]:
    return [{name: value.tolist() for name, value in row.items()} for row in found.rows]


def test_rows_are_ids_with_end_symbols(model: Writer) -> None:
    found = examples(model("{train: x.tsv}", x_tsv="abd\ty x\nc\tz\n"))
    assert listed(found) == [
        {"source": [4, 5, 3, 2], "target": [5, 4, 2]},
        {"source": [6, 2], "target": [3, 2]},
    ]
    assert found.lengths.tolist() == [[4, 3], [2, 2]]
    assert [place.line for place in found.places] == [1, 2]


def test_a_file_for_each_side(model: Writer) -> None:
    given = model("{train: {source: x.en, target: x.fr}}", x_en="a\nb\n", x_fr="x\ny\n")
    lines = examples(model("{train: x.tsv}", x_tsv="a\tx\nb\ty\n"))
    assert listed(examples(given)) == listed(lines)


def test_parts_have_rows_and_weights(model: Writer, tmp_path: Path) -> None:
    parts = "[x.tsv, {file: y.tsv, weight: 0.1}, {source: z.en, target: z.fr, weight: 2}]"
    files = {"x_tsv": "a\tx\n", "y_tsv": "b\tx\nb\ty\n", "z_en": "c\n", "z_fr": "x\n"}
    found = examples(model(f"{{train: {parts}}}", **files))
    assert [(count, str(weight)) for count, weight in found.parts] == [
        (1, "1"),
        (2, "1/10"),
        (1, "2"),
    ]
    assert [(Path(p.file).name, p.line) for p in found.places] == [
        ("x.tsv", 1),
        ("y.tsv", 1),
        ("y.tsv", 2),
        ("z.en", 1),
    ]


def test_frames_of_a_file_each(model: Writer, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {
        "source": random.standard_normal((5, 6, 2)),
        "source_static": random.standard_normal((5, 3)),
        "calendar": random.standard_normal((5, 4, 2)),
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    target = random.standard_normal((5, 4, 1)).astype(np.float32)
    (tmp_path / "target.jsonl").write_text("".join(f"{row}\n" for row in target.tolist()))
    columns = ", ".join(f"{name}: {name}.npy" for name in arrays)
    found = examples(model(f"{{train: {{{columns}, target: target.jsonl}}}}", FRAMES))
    for name, array in {**arrays, "target": target}.items():
        got = np.stack([row[name] for row in found.rows])
        np.testing.assert_array_equal(got, array.astype(np.float32))
    assert found.lengths.tolist() == [[6, 4, 4]] * 5
    np.savez(tmp_path / "whole.npz", target=target, **arrays)
    assert listed(examples(model("{train: whole.npz}", FRAMES))) == listed(found)


# ------------------------------------------------------------------ policies

ODD = "a\tx\nalone\nabcab\tx\nb\tx y x y x\nc\ty\n"


def test_what_is_too_long_is_odd(model: Writer) -> None:
    with pytest.raises(DataError) as caught:
        examples(model("{train: x.tsv, max_length: 3}", x_tsv=ODD))
    first, second, third, _ = str(caught.value).splitlines()
    assert "x.tsv:2: no TAB" in first
    assert "x.tsv:3: source too long (5 places); expected at most 3" in second
    assert "x.tsv:4: target too long (5 places)" in third


def test_what_is_skipped_is_counted(model: Writer) -> None:
    found = examples(model("{train: x.tsv, max_length: 3, odd: skip}", x_tsv=ODD))
    assert [place.line for place in found.places] == [1, 5]
    (report,) = found.reports.values()
    reasons = "1 no TAB, 1 source too long, 1 target too long"
    assert report.describe() == f"5 lines, 3 skipped ({reasons})"


def test_what_is_kept_is_cut_before_its_end_symbol(model: Writer) -> None:
    text = ODD.replace("alone\n", "")
    found = examples(model("{train: x.tsv, max_length: 3, odd: keep}", x_tsv=text))
    assert found.rows[1]["source"].tolist() == [4, 5, 6, 2]
    assert found.rows[2]["target"].tolist() == [4, 5, 4, 2]
    (report,) = found.reports.values()
    assert report.repaired.total() == 2


def test_rows_that_cannot_fit_are_odd(model: Writer) -> None:
    text = TEXT.replace("[x, y]", "[x, y], length: source").replace("words", "characters")
    odd = "a\tx\nab\tx\nb\ty\n"
    found = examples(model("{train: x.tsv, odd: skip}", text.replace(", end: true", ""), x_tsv=odd))
    assert [place.line for place in found.places] == [1, 3]
    (report,) = found.reports.values()
    assert report.skipped == {"unequal lengths": 1}
    with pytest.raises(DataError, match=r"x.tsv:2: unequal lengths .source 2, target 1"):
        examples(model("{train: x.tsv, odd: keep}", text.replace(", end: true", "")))


def test_every_file_is_told_at_once(model: Writer) -> None:
    files = {"x_tsv": "a\tx\nalone\n", "y_tsv": "a\n"}
    with pytest.raises(DataError) as caught:
        examples(model("{train: [x.tsv, y.tsv]}", **files))
    assert [Path(fault.file).name for fault in caught.value.faults] == ["x.tsv", "y.tsv"]


def test_a_file_without_a_row_is_an_error(model: Writer) -> None:
    with pytest.raises(DataError, match=r"x.tsv: no row in 1 lines, 1 skipped \(1 no TAB\)"):
        examples(model("{train: x.tsv, odd: skip}", x_tsv="alone\n"))


# ------------------------------------------------------------------ many rows


@pytest.fixture
def spilling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows go into files after a few bytes."""
    monkeypatch.setattr(store, "IN_MEMORY", 100)


MANY = "".join(f"{'abc'[n % 3] * (n % 7 + 1)}\t{'x y '[: 2 * (n % 2) + 1]}\n" for n in range(99))


def test_many_rows_are_mapped_and_found_again(
    model: Writer, tmp_path: Path, spilling: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = model("{train: [x.tsv, {file: y.tsv, weight: 2}], odd: skip}", x_tsv=MANY, y_tsv=ODD)
    memory = examples(given)
    mapped = examples(given, tmp_path / "rows")
    assert (tmp_path / "rows" / "manifest.json").exists()
    monkeypatch.setattr("s2sgraph.train.examples._stored", None)  # must not be needed any more
    again = examples(given, tmp_path / "rows")
    for found in (mapped, again):
        assert listed(found) == listed(memory)
        assert list(found.places) == list(memory.places)
        assert (found.parts, found.hash) == (memory.parts, memory.hash)
        assert found.reports == memory.reports
        assert (found.lengths == memory.lengths).all()


def test_memory_is_for_lengths_only(
    model: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "IN_MEMORY", 2**16)
    line = "abc" * 100 + "\t" + "x y " * 100 + "\n"
    given = model("{train: x.tsv}", x_tsv=line * 4000)
    tracemalloc.start()
    try:
        found = examples(given, tmp_path / "rows")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(file.stat().st_size for file in (tmp_path / "rows").iterdir()) > 8_000_000
    assert peak < 1_500_000
    assert len(found.rows[3999]["source"]) == 301


@pytest.mark.parametrize(
    "change",
    [
        {"x_tsv": MANY.replace("x", "y", 1)},
        {"data": "{train: x.tsv, odd: skip}"},
        {"data": "{train: x.tsv, max_length: 100}"},
        {"text": TEXT.replace("[x, y]", "[y, x]")},
        {"text": TEXT.replace(", end: true", "")},
    ],
    ids=["data", "policy", "length", "vocabulary", "end symbol"],
)
def test_other_content_is_read_anew(
    model: Writer, tmp_path: Path, spilling: None, change: dict[str, str]
) -> None:
    first: dict[str, Any] = {"data": "{train: x.tsv}", "text": TEXT, "x_tsv": MANY}
    old = examples(model(**first), tmp_path / "rows")
    new = examples(model(**{**first, **change}), tmp_path / "rows")
    assert new.hash != old.hash
    assert listed(new) == listed(examples(model(**{**first, **change})))


def test_mistakes_leave_no_rows(model: Writer, tmp_path: Path, spilling: None) -> None:
    with pytest.raises(DataError, match=r"x.tsv:100: no TAB"):
        examples(model("{train: x.tsv}", x_tsv=MANY + "alone\n"), tmp_path / "run" / "rows")
    assert not list((tmp_path / "run").iterdir())


def test_a_place_that_cannot_be_written(model: Writer, tmp_path: Path, spilling: None) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="encoded rows cannot be written"):
        examples(model("{train: x.tsv}", x_tsv=MANY), tmp_path / "file" / "rows")


def test_a_spec_elsewhere_names_the_same_files(model: Writer, tmp_path: Path) -> None:
    data = "{train: [x.tsv, {source: x.en, target: x.fr, weight: 0.5}], dev: x.tsv}"
    spec: Spec = model(data, x_tsv="a\tx\n", x_en="a\n", x_fr="x\n").spec
    changes = moved(spec, tmp_path / "run" / "spec.yaml")
    assert changes == {
        "data.train": ["../x.tsv", {"source": "../x.en", "target": "../x.fr", "weight": 0.5}],
        "data.dev": ["../x.tsv"],
    }
    assert spec.set(changes).data.train[1].weight == 0.5  # type: ignore[index]


def test_training_tells_what_is_left_out(model: Writer, tmp_path: Path) -> None:
    given = model("{train: x.tsv, dev: y.tsv, odd: skip}", x_tsv=ODD, y_tsv="a\tx\n").spec
    told: list[str] = []
    Preparation(given, Folder(tmp_path / "run"), None, Processes(32), told.append).begin()
    assert told == [f"{tmp_path / 'x.tsv'}: 5 lines, 1 skipped (1 no TAB)"]
