"""Alignments beside rows: lines of links, sound and odd."""

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from s2sgraph.data import ALIGNMENTS, Corpus, DataError, Field, Part, Policy, Report, Sieve

TEXT = {"source": Field(), "target": Field()}
PAIRS = "a\tb\nc\td\ne\tf\n"


def corpus(
    folder: Path, links: bytes, policy: Policy = "error", rows: str = PAIRS, name: str = "x.align"
) -> Corpus:
    (folder / "x.tsv").write_text(rows)
    (folder / name).write_bytes(links)
    return Corpus((Part(folder / "x.tsv", alignments=folder / name),), TEXT, policy)


def passed(given: Corpus) -> tuple[list[tuple[Any, Any]], Report]:
    sieve, report = Sieve(given.odd), Report()
    rows = list(sieve(given.parts[0].records(TEXT), report))
    sieve.finish()
    return [(row["source"], row[ALIGNMENTS].tolist()) for row in rows], report  # type: ignore[union-attr]


def refused(given: Corpus) -> list[str]:
    with pytest.raises(DataError) as caught:
        list(given.rows())
    *told, advice = str(caught.value).splitlines()
    assert "skip" in advice
    return [line.rpartition("/")[2] for line in told]


SOUND = [("a", [[0, 0], [1, 2]]), ("c", []), ("e", [[10, 3]])]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_every_row_has_the_links_of_its_line(tmp_path: Path, end: bytes) -> None:
    lines = b" 0-0\t1-2 0-0 \n\n10-3" + end
    assert passed(corpus(tmp_path, lines))[0] == SOUND
    zipped = corpus(tmp_path, gzip.compress(lines), name="x.align.gz")
    assert passed(zipped)[0] == SOUND


def test_columns_and_json_have_them_too(tmp_path: Path) -> None:
    files = {"x.en": "a\nc\n", "x.fr": "b\nd\n", "x.align": "0-0\n1-1\n"}
    files["x.jsonl"] = '{"source": "a", "target": "b"}\n{"source": "c", "target": "d"}\n'
    paths = {name: tmp_path / name for name in files}
    for name, text in files.items():
        paths[name].write_text(text)
    columns = {"source": paths["x.en"], "target": paths["x.fr"]}
    for part in (Part(None, columns), Part(paths["x.jsonl"])):
        with_links = Part(part.file, part.columns, alignments=paths["x.align"])
        found, _ = passed(Corpus((with_links,), TEXT))
        assert found == [("a", [[0, 0]]), ("c", [[1, 1]])]


ODD = b"0-0 1:1\n\r\n0-0 1-\xff 2-1\n"


def test_error_names_file_line_and_what_was_expected(tmp_path: Path) -> None:
    expected = "expected pairs of places such as 0-0 1-2, the source's first"
    assert refused(corpus(tmp_path, ODD)) == [
        f"x.align:1: bad alignment ('1:1'); {expected}",
        r"x.align:2: carriage return at the end; expected lines that end in \n alone",
        "x.align:3: no UTF-8 at byte 7; expected UTF-8",
        f"x.align:3: bad alignment ('1-\ufffd'); {expected}",
    ]


@pytest.mark.parametrize("word", ["0", "-1-0", "1-0-2", "0-0,1-1", "1p2", "１-2", "9999999999-0"])
def test_what_is_no_link(tmp_path: Path, word: str) -> None:
    found = refused(corpus(tmp_path, f"{word}\n\n\n".encode()))
    assert len(found) == 1
    assert found[0].startswith(f"x.align:1: bad alignment ({word!r})")


def test_skip_leaves_the_whole_row_out_and_counts(tmp_path: Path) -> None:
    found, report = passed(corpus(tmp_path, b"0-0 1:1\n0-0\n0-\n", "skip"))
    assert found == [("c", [[0, 0]])]
    assert report.skipped == Counter({"bad alignment": 2})
    assert report.lines == 3


def test_a_row_that_is_left_out_takes_its_links_along(tmp_path: Path) -> None:
    found, report = passed(corpus(tmp_path, b"0-0\n1-1\n2-2\n", "skip", "a\tb\nno tab\ne\tf\n"))
    assert found == [("a", [[0, 0]]), ("e", [[2, 2]])]
    assert report.skipped == Counter({"no TAB": 1})


def test_keep_keeps_the_sound_links(tmp_path: Path) -> None:
    found, report = passed(corpus(tmp_path, ODD, "keep"))
    assert found == [("a", [[0, 0]]), ("c", []), ("e", [[0, 0], [2, 1]])]
    assert report.repaired == {"bad alignment": 1, "carriage return at the end": 1, "no UTF-8": 1}


@pytest.mark.parametrize(
    ("lines", "told", "left_out", "passing"),
    [
        (b"0-0\n", "x.tsv:2: unequal numbers of lines (3 rows and 1 lines in", 2, 1),
        (b"0-0\n" * 5, "x.align:4: unequal numbers of lines (3 rows and 5 lines in", 2, 3),
        (b"", "x.tsv:1: unequal numbers of lines (3 rows and 0 lines in", 3, 0),
    ],
)
def test_unequal_numbers_of_lines(
    tmp_path: Path, lines: bytes, told: str, left_out: int, passing: int
) -> None:
    for policy in ("error", "keep"):
        with pytest.raises(DataError) as caught:
            list(corpus(tmp_path, lines, policy).rows())  # type: ignore[arg-type]
        assert told in str(caught.value)
    found, report = passed(corpus(tmp_path, lines, "skip"))
    assert [source for source, _ in found] == ["a", "c", "e"][:passing]
    assert report.skipped == Counter({"unequal numbers of lines": left_out})


def test_gzip_that_breaks_off(tmp_path: Path) -> None:
    lines = "".join(f"{n}-{n * n}\n" for n in range(20_000))
    cut = gzip.compress(lines.encode())[:-2000]
    for policy in ("error", "keep"):
        given = corpus(tmp_path, cut, policy, "a\tb\n" * 20_000, "x.gz")  # type: ignore[arg-type]
        with pytest.raises(DataError, match=r"x.gz:\d+: damaged gzip file"):
            list(given.rows())
    found, report = passed(corpus(tmp_path, cut, "skip", "a\tb\n" * 20_000, "x.gz"))
    assert 5_000 < len(found) < 20_000
    assert report.skipped == {"damaged gzip file": 1}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    given = corpus(tmp_path, b"0-0\n")
    (tmp_path / "x.align").unlink()
    for use in (given.fingerprint, lambda: list(given.rows())):
        with pytest.raises(DataError, match=r"x.align: cannot be read \(No such file"):
            use()


def test_they_are_part_of_the_content(tmp_path: Path) -> None:
    one = corpus(tmp_path, b"0-0\n").fingerprint()
    other = corpus(tmp_path, b"0-1\n")
    assert other.fingerprint() != one
    (plain,) = other.parts
    assert Corpus((Part(plain.file),), TEXT).fingerprint() not in (one, other.fingerprint())
