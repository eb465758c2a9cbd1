"""Wrong inputs are refused before the run, naming the place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2sgraph.runtime import ModelError, Session

V = 13


class Refusing:
    """Stands for the runtime's session: nothing may reach it."""

    def run(self, *_: object) -> object:
        raise AssertionError("the inputs reached the runtime")


def guarded(path: Path) -> Session:
    session = Session(path)
    session._session = Refusing()
    return session


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "id -1": ({"source": [[4, 5], [4, -1]]}, "-1 at row 1, column 1; expected ids from 0 to 12"),
    "id V": ({"source": [[V]]}, "13 at row 0, column 0; expected ids from 0 to 12, padding too"),
    "several ids": ({"source": [[99, 99, 4]]}, "99 at row 0, column 0 (and 1 more)"),
    "padding -1": ({"source": [[4, -1]], "source_length": [1]}, "-1 at row 0, column 1"),
    "float ids": ({"source": np.ones((1, 2))}, "type float64; expected int64[batch, source]"),
    "bool ids": ({"source": [[True]]}, "type bool; expected int64[batch, source]"),
    "text": ({"source": [["a"]]}, "expected int64[batch, source]"),
    "one row": ({"source": [4, 5]}, "shape [2]; expected int64[batch, source]"),
    "scalar": ({"source": 4}, "shape []; expected int64[batch, source]"),
    "rank 3": ({"source": [[[4]]]}, "shape [1, 1, 1]; expected int64[batch, source]"),
    "unequal rows": ({"source": [[4], [4, 5]]}, "rows of unequal length"),
    "nothing": ({}, "source: missing; expected int64[batch, source]"),
    "length over width": (
        {"source": [[4, 5]] * 2, "source_length": [2, 3]},
        "source_length: 3 in row 1; expected 0 to 2, the width",
    ),
    "length -1": ({"source": [[4]], "source_length": [-1]}, "source_length: -1 in row 0"),
    "too few lengths": (
        {"source": [[4]] * 3, "source_length": [1, 1]},
        "source_length: batch is 2, but 3 in source; expected equal",
    ),
    "float length": ({"source": [[4]], "source_length": [1.0]}, "source_length: type float64"),
    "unknown setting": ({"source": [[4]], "max_lenght": 3}, "did you mean 'max_length'?"),
    "far setting": ({"source": [[4]], "qqq": 3}, "expected one of source, source_length"),
    "setting of wrong type": ({"source": [[4]], "max_length": 1.5}, "max_length: type float64"),
    "setting of wrong shape": ({"source": [[4]], "max_length": [3]}, "max_length: shape [1]"),
    "setting too large": ({"source": [[4]], "max_length": 2**63}, "is too large"),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_arrays(model_file: Path, case: str) -> None:
    inputs, message = CASES[case]
    with pytest.raises(ModelError) as caught:
        guarded(model_file).decode(**inputs)
    assert message in str(caught.value)


def test_every_problem_is_told_at_once(model_file: Path) -> None:
    with pytest.raises(ModelError) as caught:
        guarded(model_file).decode([[-1]], source_length=[1.5], beam=3)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([4, V], "source: row 1: 13 at column 1; expected ids from 0 to 12"),
        ([-1], "source: row 1: -1 at column 0"),
        ([4.0], "source: row 1: type float64; expected int64[source]"),
        ([[4]], "source: row 1: shape [1, 1]"),
        (None, "source: row 1"),
    ],
)
def test_wrong_items_name_their_row(model_file: Path, item: Any, message: str) -> None:
    # The long first row is run after the short second one, which must not change its number.
    with pytest.raises(ModelError) as caught:
        guarded(model_file).run(["abcabc", item], batch_size=1)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((1, 2, 3)), "shape [1, 2, 3]; expected float32[batch, source, 2]"),
        (np.array([[[0, np.nan]]]), "nan at row 0, source 0, feature 1"),
        (np.array([[[1e39, 0]]]), "1e+39 at row 0, source 0, feature 0"),
        (np.array([[["a", "b"]]]), "type <U1"),
    ],
)
def test_wrong_frames(frames_file: Path, frames: Any, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        guarded(frames_file).decode(frames)
    assert message in str(caught.value)


def test_wrong_items_of_frames(frames_file: Path) -> None:
    with pytest.raises(ModelError, match=r"row 1: shape \[2, 3\]; expected float32\[source, 2\]"):
        guarded(frames_file).run([np.zeros((1, 2)), np.zeros((2, 3))])
    with pytest.raises(ModelError, match="row 0: text; expected frames"):
        guarded(frames_file).run(["abc"])


def test_lines_of_bad_ids(write_model: Any) -> None:
    session = guarded(write_model(vocabularies={"source": None, "target": None}))
    with pytest.raises(ModelError, match="source: row 1: 'x' at place 1 is no id"):
        session.run(["4 5", "4 x"])
