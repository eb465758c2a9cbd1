"""Texts, ids and feature vectors from lines of JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from s2sgraph.data import DataError, Field, read_json_lines

FIELDS = {"source": Field("frames", 2), "target": Field("text")}
NUMBERS = {"source": Field("frames", 2), "target": Field("ids")}
SOUND = {"source": [[1, 2.5], [3, 4]], "target": "x"}


def lines(folder: Path, *rows: object) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in rows))
    return path


def test_rows_of_json(tmp_path: Path) -> None:
    (row, short), report = read_json_lines(
        lines(tmp_path, SOUND, {"source": [], "target": ""}), FIELDS, "keep"
    )
    assert row["source"].dtype == np.float32
    assert row["source"].tolist() == [[1, 2.5], [3, 4]]
    assert row["target"] == "x"
    assert short["source"].shape == (0, 2)
    assert report.describe() == "2 lines, 1 repaired (1 empty source)"


def test_one_feature_may_be_a_plain_list(tmp_path: Path) -> None:
    ((row,), _) = read_json_lines(lines(tmp_path, {"x": [1, 2]}), {"x": Field("frames", 1)})
    assert row["x"].tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{\n", "bad JSON"),
        ("[" * 100_000 + "\n", "bad JSON"),
        ("[1]\n", "a list"),
        ({"source": [[1, 2]]}, "no 'target'"),
        (SOUND | {"extra": 1}, "unknown name 'extra'"),
        (SOUND | {"target": 5}, "bad 'target' (int)"),
        (SOUND | {"target": "a\nb"}, "bad 'target' (a line end inside a text)"),
        (SOUND | {"source": "x"}, "bad 'source' (no list)"),
        (SOUND | {"source": [[1], [2]]}, "bad 'source' (shape [2, 1])"),
        (SOUND | {"source": [1, 2]}, "bad 'source' (shape [2])"),
        (SOUND | {"source": [[1, 2], [3]]}, "bad 'source' ("),
        (SOUND | {"source": [["1", "2"]]}, "bad 'source' (not all are numbers)"),
        (SOUND | {"source": [[True, False]]}, "bad 'source' (not all are numbers)"),
        (SOUND | {"source": [[1, 2], [3, 1e39]]}, "no finite number at time 1, feature 1"),
        (SOUND | {"target": " "}, "empty target"),
        ('{"source": [[1, NaN]], "target": "x"}\n', "bad JSON (NaN is no number)"),
    ],
)
def test_bad_rows_of_json(tmp_path: Path, row: object, problem: str) -> None:
    path = lines(tmp_path, SOUND, row)
    with pytest.raises(DataError) as caught:
        read_json_lines(path, FIELDS)
    (fault,) = caught.value.faults
    assert fault.line == 2
    assert problem in fault.problem
    rows, report = read_json_lines(path, FIELDS, "skip")
    assert (len(rows), report.skipped.total()) == (1, 1)


@pytest.mark.parametrize("ids", [[-1], [1.0], [[1]], ["1"], [True], [2**64]])
def test_bad_ids(tmp_path: Path, ids: object) -> None:
    with pytest.raises(DataError, match=":1: bad 'target'"):
        read_json_lines(lines(tmp_path, SOUND | {"target": ids}), NUMBERS)
