"""Encoded rows, in memory and mapped."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from s2sgraph.data import store
from s2sgraph.data.policies import Place
from s2sgraph.data.store import Builder, Places, Shape, Store, opened

SHAPES = {"source": Shape(), "sound": Shape(2), "speaker": Shape(3, once=True), "target": Shape()}


def row(number: int) -> dict[str, NDArray[Any]]:
    return {
        "source": np.arange(number % 4),
        "sound": np.full((number % 3, 2), number, np.float32),
        "speaker": np.arange(3, dtype=np.float32) + number,
        "target": np.array([number, 2]),
    }


def built(folder: Path | None, count: int = 50, shapes: Mapping[str, Shape] = SHAPES) -> Store:
    with Builder(shapes, folder, "key") as builder:
        for number in range(count):
            builder.add(row(number), number + 1)
        return builder.finish({"told": "about it"})


def same(found: Store, count: int = 50) -> bool:
    assert len(found.rows) == count
    for number, got in enumerate(found.rows):
        assert list(got) == list(SHAPES)
        for name, value in row(number).items():
            assert got[name].dtype == (np.float32 if SHAPES[name].features else np.int32)
            np.testing.assert_array_equal(got[name], value)
    assert found.lines.tolist() == list(range(1, count + 1))
    return found.notes == {"told": "about it"}


@pytest.fixture
def spilling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows go into files after a few bytes."""
    monkeypatch.setattr(store, "IN_MEMORY", 100)


def test_little_stays_in_memory(tmp_path: Path) -> None:
    assert same(built(tmp_path / "rows"))
    assert same(built(None))
    assert not list(tmp_path.iterdir())


def test_much_goes_into_files(tmp_path: Path, spilling: None) -> None:
    found = built(tmp_path / "run" / "rows")
    assert found.folder == tmp_path / "run" / "rows"
    assert same(found)
    again = opened(tmp_path / "run" / "rows", SHAPES, "key")
    assert again
    assert same(again)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["rows"]


def test_lengths_are_by_name(tmp_path: Path) -> None:
    rows = built(None, 3).rows
    assert rows.lengths.tolist() == [[0, 0, 1, 2], [1, 1, 1, 2], [2, 2, 1, 2]]
    assert [len(part["source"]) for part in rows[1:]] == [1, 2]
    with pytest.raises(IndexError):
        rows[3]


@pytest.mark.parametrize("count", [0, 1])
def test_names_without_any_value(tmp_path: Path, spilling: None, count: int) -> None:
    shapes = {"source": Shape(), "target": Shape()}
    with Builder(shapes, tmp_path / "rows", "key") as builder:
        for _ in range(count):
            builder.add({"source": np.zeros(0), "target": np.arange(40)}, 1)
        found = builder.finish(None)
    assert [part["source"].tolist() for part in found.rows] == [[]] * count


def test_another_key_is_another_store(tmp_path: Path, spilling: None) -> None:
    built(tmp_path / "rows")
    assert opened(tmp_path / "rows", SHAPES, "other") is None
    assert opened(tmp_path / "none", SHAPES, "key") is None


@pytest.mark.parametrize("name", ["source.bin", ".lengths", ".lines", "manifest.json"])
def test_a_store_that_is_not_whole_is_none(tmp_path: Path, spilling: None, name: str) -> None:
    built(tmp_path / "rows")
    file = tmp_path / "rows" / name
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert opened(tmp_path / "rows", SHAPES, "key") is None
    file.unlink()
    assert opened(tmp_path / "rows", SHAPES, "key") is None
    # It is built anew in its place.
    assert same(built(tmp_path / "rows"))


def test_a_manifest_of_another_form_is_none(tmp_path: Path, spilling: None) -> None:
    built(tmp_path / "rows")
    file = tmp_path / "rows" / "manifest.json"
    for form in ({"form": 0}, [], {"form": 1, "key": "key"}):
        file.write_text(json.dumps(form))
        assert opened(tmp_path / "rows", SHAPES, "key") is None


def test_what_is_left_halfway_is_no_store(tmp_path: Path, spilling: None) -> None:
    def stopped() -> None:
        with Builder(SHAPES, tmp_path / "rows", "key") as builder:
            for number in range(50):
                builder.add(row(number), number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not list(tmp_path.iterdir())
    # Killed, it cannot clear up: the next one does.
    left = Builder(SHAPES, tmp_path / "rows", "key")
    for number in range(50):
        left.add(row(number), number)
    for file in left._files.values():
        file.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert opened(tmp_path / "rows", SHAPES, "key") is None
    assert same(built(tmp_path / "rows"))
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_places_count_through_the_parts() -> None:
    places = Places(["a", "b", "c"], [2, 0, 1], np.array([1, 3, 7]))
    assert list(places) == [Place("a", 1), Place("a", 3), Place("c", 7)]
    assert places[1:] == [Place("a", 3), Place("c", 7)]
    assert places[-1] == Place("c", 7)
    with pytest.raises(IndexError):
        places[3]


KILLED = """
import os, sys
import numpy as np
from pathlib import Path
from s2sgraph.data import store

folder, moment = Path(sys.argv[1]), int(sys.argv[2])
store.IN_MEMORY = 100
left = moment

def counted(real):
    def call(*arguments, **settings):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)
        return real(*arguments, **settings)
    return call

store.os.fsync = counted(os.fsync)
store.Path.rename = counted(Path.rename)
store.Path.mkdir = counted(Path.mkdir)
with store.Builder({"target": store.Shape()}, folder, "key") as builder:
    for number in range(50):
        builder.add({"target": np.arange(number)}, number)
    builder.finish(None)
print("whole", left)
"""


def test_killed_at_any_moment_it_is_no_store(tmp_path: Path) -> None:
    outcomes = []
    for moment in range(1, 10):
        folder = tmp_path / str(moment) / "rows"
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(moment)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = opened(folder, {"target": Shape()}, "key")
        assert (found is not None) == (done.returncode == 0) == done.stdout.startswith("whole")
        outcomes.append(done.returncode)
    assert outcomes[-1] == 0
    assert len(set(outcomes[:5])) == 1
    assert outcomes[0] == -signal.SIGKILL
