"""What rows have of their own, and what all share."""

from pathlib import Path

import numpy as np
import pytest
from compiled import closed, model_of, smaller, trained

from s2sgraph import Session
from s2sgraph.runtime import ModelError
from s2sgraph.spec import load
from s2sgraph.spec.dumping import plain

SPECS = Path(__file__).parent.parent.parent / "specs"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A file that takes a start for each row, and symbols that no row may have."""
    data = closed(plain(load(SPECS / "dates.yaml")))
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    data["search"] = {"kind": "beam", "beams": 2, "max_length": 5}
    data["source"]["end"] = True
    data["target"] = {"tokens": "words", "vocabulary": "shared"}
    model = model_of(data)
    path = tmp_path_factory.mktemp("files") / "model.onnx"
    return Session(model.export(path, trained(model), inputs=["prefix", "banned"]), threads=1)


def test_a_start_for_all_rows_and_for_one(session: Session) -> None:
    plain_items = ["s0 s1", "s2", "s3 s4 s5"]
    first = [r.text for r in session.run(plain_items, prefix="s7 s8", banned=[])]
    assert all(text and text.startswith("s7 s8") for text in first)
    mixed = [{"source": "s0 s1"}, {"source": "s2", "prefix": [8]}, plain_items[2]]
    found = session.run(mixed, batch_size=3)
    assert found[1].tokens[0] == 8
    free = session.run(plain_items)
    assert (found[0].tokens, found[2].tokens) == (free[0].tokens, free[2].tokens)
    own = session.run([mixed[1], "s2"], prefix="s7")
    assert own[0].tokens == found[1].tokens
    assert (own[1].text or "").startswith("s7")


def test_a_start_has_no_end_even_of_a_shared_vocabulary(session: Session) -> None:
    (by_text,), (by_ids,) = session.run(["s2"], prefix="s7"), session.run(["s2"], prefix=[11])
    assert by_text.tokens == by_ids.tokens


def test_a_call_with_arrays_may_leave_the_start_out(session: Session) -> None:
    source, lengths = np.array([[4, 5, 2], [6, 2, 0]]), np.array([3, 2])
    outputs = session.decode(source, lengths)
    expected = session.run(["s0 s1", "s2"])
    for row, result in enumerate(expected):
        assert outputs["tokens"][row, 0, : outputs["lengths"][row, 0]].tolist() == [*result.tokens]
    forced = session.decode(source, lengths, prefix=np.array([[9], [0]]))
    assert forced["tokens"][0, 0, 0] == 9


@pytest.mark.parametrize(
    ("items", "settings", "message"),
    [
        (["s2"], {"prefix": [13]}, "13 at column 0; expected ids from 0 to 12"),
        (["s2"], {"prefix": [[4]]}, "prefix: row 0: shape"),
        (["s2"], {"banned": [-1]}, "banned: -1 at"),
        (["s2"], {"prefixes": [4]}, "unknown input 'prefixes'; did you mean 'prefix'"),
        ([{"source": "s2", "banned": [4]}], {}, "row 0: 'banned' is no input that rows have"),
    ],
)
def test_what_is_refused(
    session: Session, items: list[object], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        session.run(items, **settings)  # type: ignore[arg-type]
