"""Files as they come from the world, each under every policy."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.data import Corpus, DataError, Field, Part, Policy, Report, Sieve
from s2sgraph.data.lines import LONGEST

TEXT = {"source": Field(), "target": Field()}
Rows = list[tuple[str, str]]
AB, CD = ("a", "b"), ("c", "d")


@dataclass(frozen=True)
class Case:
    """Files, and what each policy makes of them; `keep` is None where nothing can be kept.

    `faults` are the places and problems under `error`; `skip` the rows and the lines left out.
    """

    files: Mapping[str, bytes]
    faults: list[str]
    skip: tuple[Rows, dict[str, int]]
    keep: Rows | None = None


def tsv(content: bytes, fault: str, reason: str, keep: Rows | None = None) -> Case:
    """A good line, an odd one as the second, and a good one."""
    whole = b"a\tb\n" + content + b"c\td\n"
    kept = None if keep is None else [AB, *keep, CD]
    return Case({"x.tsv": whole}, [f"x.tsv:2: {fault}"], ([AB, CD], {reason: 1}), kept)


def sound(content: bytes, *rows: tuple[str, str], name: str = "x.tsv") -> Case:
    return Case({name: content}, [], (list(rows), {}), list(rows))


def jsonl(content: bytes, fault: str, reason: str) -> Case:
    good = b'{"source": "a", "target": "b"}\n'
    return Case(
        {"x.jsonl": good + content + good},
        [f"x.jsonl:2: {fault}"],
        ([AB, AB], {reason: 1}),
        None,
    )


def two(source: bytes, target: bytes, *rest: Any) -> Case:
    return Case({"a.en": source, "a.fr": target}, *rest)


LONG = b"a" * 10_000_000
UNEQUAL = "unequal numbers of lines"

CASES = {
    "line ends of Windows": Case(
        {"x.tsv": b"a\tb\r\nc\td\r\n"},
        [f"x.tsv:{n}: carriage return at the end" for n in (1, 2)],
        ([], {"carriage return at the end": 2}),
        [AB, CD],
    ),
    "byte order mark": Case(
        {"x.tsv": b"\xef\xbb\xbfa\tb\nc\td\n"},
        ["x.tsv:1: byte order mark"],
        ([CD], {"byte order mark": 1}),
        [AB, CD],
    ),
    "line separators of Unicode": sound("a\u2028\x85\tb\n".encode(), ("a\u2028\x85", "b")),
    "paragraph separators": sound("a\u2029\tb\n".encode(), ("a\u2029", "b")),
    "carriage return inside": sound(b"a\rb\tb\n", ("a\rb", "b")),
    "form feeds": sound(b"a\x0b\x0c\x1c\tb\n", ("a\x0b\x0c\x1c", "b")),
    "no line end at the end": sound(b"a\tb\nc\td", AB, CD),
    "sound gzip": sound(gzip.compress(b"a\tb\n"), AB, name="x.tsv.gz"),
    "NUL": tsv(b"a\0\tb\n", "NUL byte", "NUL byte", [AB]),
    "bad UTF-8": tsv(b"a\xff\tb\n", "no UTF-8 at byte 2", "no UTF-8", [("a\ufffd", "b")]),
    "Latin-1": tsv(b"\xe9t\xe9\tb\n", "no UTF-8 at byte 1", "no UTF-8", [("\ufffdt\ufffd", "b")]),
    "half a surrogate": tsv(
        b"\xed\xa0\x80\tb\n", "no UTF-8 at byte 1", "no UTF-8", [("\ufffd" * 3, "b")]
    ),
    "UTF-16": Case(
        {"x.tsv": "a\tb\n".encode("utf-16-le")},
        ["x.tsv:1: NUL byte", "x.tsv:2: NUL byte", "x.tsv:2: no TAB"],
        ([], {"NUL byte": 2}),
    ),
    "a line of 10 MB": tsv(
        b"a\t" + LONG + b"\n", "line too long", "line too long", [("a", "a" * (LONGEST - 2))]
    ),
    "10 MB at the end": Case(
        {"x.tsv": b"a\tb\n" + LONG},
        ["x.tsv:2: line too long", "x.tsv:2: no TAB"],
        ([AB], {"line too long": 1}),
    ),
    "no TAB": tsv(b"a b\n", "no TAB", "no TAB"),
    "an empty line": tsv(b"\n", "no TAB", "no TAB"),
    "two TABs": tsv(b"a\tb\tc\n", "2 TABs", "2 TABs", [AB]),
    "empty source": tsv(b"\tb\n", "empty source", "empty source", [("", "b")]),
    "blank target": tsv("a\t\u3000\n".encode(), "empty target", "empty target", [("a", "\u3000")]),
    "gzip in name only": Case(
        {"x.gz": b"a\tb\n"}, ["x.gz:1: damaged gzip file"], ([], {"damaged gzip file": 1})
    ),
    "bad JSON": jsonl(b'{"source": \n', "bad JSON", "bad JSON"),
    "JSON that is no object": jsonl(b"[1]\n", "a list", "a list"),
    "JSON without a name": jsonl(b'{"source": "a"}\n', "no 'target'", "no 'target'"),
    "JSON with a name too many": jsonl(
        b'{"source": "a", "target": "b", "x": 1}\n', "unknown name 'x'", "unknown name 'x'"
    ),
    "JSON with a line end": jsonl(
        b'{"source": "a\\n", "target": "b"}\n', "bad 'source'", "bad 'source'"
    ),
    "brackets without end": jsonl(b"[" * 100_000 + b"\n", "bad JSON", "bad JSON"),
    "sides of equal length": two(b"a\nc\n", b"b\nd", [], ([AB, CD], {}), [AB, CD]),
    "a longer source": two(
        b"a\nc\nx\ny\n",
        b"b\nd\n",
        [f"a.en:3: {UNEQUAL} (4 in "],
        ([AB, CD], {UNEQUAL: 2}),
    ),
    "a longer target": two(b"a\n", b"b\nd\n", [f"a.en:2: {UNEQUAL}"], ([AB], {UNEQUAL: 1})),
    "bad bytes on one side": two(
        b"a\nc\n",
        b"b\r\n\xff\n",
        ["a.fr:1: carriage return", "a.fr:2: no UTF-8"],
        ([], {"carriage return at the end": 1, "no UTF-8": 1}),
        [AB, ("c", "\ufffd")],
    ),
    "an empty line on one side": two(
        b"a\n\n", b"b\nd\n", ["a.en:2: empty source"], ([AB], {"empty source": 1}), [AB, ("", "d")]
    ),
}


def corpus(folder: Path, case: Case, policy: Policy) -> Corpus:
    paths = {name: folder / name for name in case.files}
    for name, content in case.files.items():
        paths[name].write_bytes(content)
    if len(paths) == 1:
        return Corpus((Part(*paths.values()),), TEXT, policy)
    return Corpus((Part(None, dict(zip(TEXT, paths.values(), strict=True))),), TEXT, policy)


def passed(given: Corpus) -> tuple[Rows, Report]:
    """The rows that pass, and the report; raises what `Corpus.rows` raises."""
    sieve, report = Sieve(given.odd), Report()
    rows = list(sieve(given.parts[0].records(given.fields), report))
    sieve.finish()
    assert rows == list(given.rows())
    return [(str(row["source"]), str(row["target"])) for row in rows], report


def test_there_are_enough() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("name", CASES)
def test_error_names_every_line(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    given = corpus(tmp_path, case, "error")
    if not case.faults:
        assert passed(given)[0] == case.keep
        return
    with pytest.raises(DataError) as caught:
        list(given.rows())
    *told, advice = str(caught.value).splitlines()
    assert len(told) == len(case.faults)
    for line, fault in zip(told, case.faults, strict=True):
        assert line.startswith(str(tmp_path))
        assert fault in line
        assert len(line) < 500
    assert "skip" in advice


@pytest.mark.parametrize("name", CASES)
def test_skip_leaves_out_and_counts(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    rows, report = passed(corpus(tmp_path, case, "skip"))
    assert (rows, dict(report.skipped)) == case.skip
    assert report.lines == len(rows) + report.skipped.total()


@pytest.mark.parametrize("name", CASES)
def test_keep_repairs_or_says_that_it_cannot(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    given = corpus(tmp_path, case, "keep")
    if case.keep is None:
        with pytest.raises(DataError, match=r".: .*\n.*policy `skip`"):
            list(given.rows())
        return
    rows, report = passed(given)
    assert rows == case.keep
    assert report.repaired.total() == len({fault.split(": ")[0] for fault in case.faults})
    assert not report.skipped


@pytest.mark.parametrize("names", [["x.tsv.gz"], ["a.en", "a.fr.gz"]])
def test_gzip_that_breaks_off(tmp_path: Path, names: list[str]) -> None:
    lines = [b"a%d\tb%d\n" % (n, n * n) for n in range(20_000)]
    cut = gzip.compress(b"".join(lines))[:-2000]
    files = dict(zip(names, [cut] if len(names) == 1 else [b"a\n" * 30_000, cut], strict=True))
    case = Case(files, [], ([], {}))
    for policy in ("error", "keep"):
        with pytest.raises(DataError, match=rf"{names[-1]}:\d+: damaged gzip file"):
            passed(corpus(tmp_path, case, policy))
    # What stands before the damage is sound.
    rows, report = passed(corpus(tmp_path, case, "skip"))
    assert 5_000 < len(rows) < 20_000
    assert rows[17][-1].endswith("b289")
    assert report.skipped == {"damaged gzip file": 1}
    assert report.lines == len(rows) + 1


PIECES = [
    *[b"a", b"\t", b"\n", b"\r", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf", b" ", b'"', b"{", b"}"],
    *[b'{"source": "a", "target": "b"}', b"source", b":", "\u2028".encode()],
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["x.tsv", "x.jsonl", "x.en"])
)
def test_any_bytes_are_rows_or_faults(pieces: list[bytes], name: str) -> None:
    content = b"".join(pieces)
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    with TemporaryDirectory() as place:
        files = {name: content, **({"x.fr": b"b\n" * 3} if name == "x.en" else {})}
        case = Case(files, [], ([], {}))
        rows, report = passed(corpus(Path(place), case, "skip"))
        assert len(rows) + report.skipped.total() == report.lines
        assert report.lines == (max(lines, 3) if name == "x.en" else lines)
        for policy in ("error", "keep"):
            try:
                kept, told = passed(corpus(Path(place), case, policy))  # type: ignore[arg-type]
            except DataError:
                assert policy == "keep" or len(rows) < report.lines
            else:
                assert len(kept) == told.lines == report.lines


def test_one_error_for_all_files(tmp_path: Path) -> None:
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_bytes(b"a\tb\nalone\n")
    parts = (Part(tmp_path / "a.tsv"), Part(tmp_path / "b.tsv"))
    with pytest.raises(DataError) as caught:
        list(Corpus(parts, TEXT).rows())
    first, second, _ = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path / 'a.tsv'}:2: no TAB")
    assert second.startswith(f"{tmp_path / 'b.tsv'}:2: no TAB")


def test_reading_stops_after_very_many_faults(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"alone\n" * 100_000)
    with pytest.raises(DataError, match="and 980 more faults in"):
        list(Corpus((Part(tmp_path / "a.tsv"),), TEXT).rows())
