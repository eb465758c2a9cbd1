"""Running a file on text, ids and arrays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s2sgraph.runtime import ModelError, Session


@pytest.fixture
def session(model_file: Path) -> Session:
    return Session(model_file, threads=1)


def test_text_in_and_out(session: Session) -> None:
    (result,) = session.run(["bad"])
    assert (result.text, result.tokens, result.score) == ("bad", (5, 4, 7), 16.0)
    assert len(result) == 1
    assert result[0] is result.best
    assert list(result) == [result.best]


def test_ids_and_arrays_in(session: Session) -> None:
    results = session.run([[4, 5], np.array([6], np.int32), ("ab", 4)[0], []])
    assert [result.text for result in results] == ["ab", "c", "ab", ""]


def test_a_setting_of_the_run(session: Session) -> None:
    assert [r.text for r in session.run(["abc", "a"], max_length=2)] == ["ab", "a"]
    assert session.run(["abc"], max_length=0)[0].text == ""
    assert session.run(["abc"], max_length=np.int64(1))[0].text == "a"


@given(st.lists(st.text("abcdefgh ", max_size=8), max_size=9), st.integers(1, 4))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_results_come_one_to_one_whatever_the_batch(
    session: Session, lines: list[str], batch_size: int
) -> None:
    assert [r.text for r in session.run(lines, batch_size=batch_size)] == lines


def test_nothing_in_nothing_out(session: Session) -> None:
    assert session.run([]) == []
    with pytest.raises(ModelError, match="unknown input 'beams'"):
        session.run([], beams=4)


def test_decode_takes_and_gives_arrays(session: Session) -> None:
    outputs = session.decode(np.array([[4, 5], [6, 0]]), [2, 1])
    assert outputs["tokens"].tolist() == [[[4, 5]], [[6, 0]]]
    assert outputs["lengths"].tolist() == [[2], [1]]
    assert session.decode([[4, 5], [6, 0]])["lengths"].tolist() == [[2], [2]]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_decode_of_empty_batches(session: Session, shape: tuple[int, int]) -> None:
    outputs = session.decode(np.zeros(shape, np.int64))
    assert outputs["tokens"].shape == (shape[0], 1, shape[1])


def test_frames_in_and_out(frames_file: Path) -> None:
    session = Session(frames_file)
    long, short = session.run([np.ones((3, 2), np.float32), [[5, 6]]])
    assert long.best.extras["frames"].tolist() == [[1, 1]] * 3
    assert short.best.extras["frames"].tolist() == [[5, 6]]
    assert (short.text, short.tokens, np.isnan(short.score)) == (None, (), True)


def test_ids_without_symbols(write_model: Callable[..., Path]) -> None:
    session = Session(write_model(vocabularies={"source": None, "target": None}))
    (result,) = session.run(["7 3 900"])
    assert (result.text, result.tokens) == (None, (7, 3, 900))


def test_items_by_name(session: Session) -> None:
    assert session.run([{"source": "abc"}])[0].text == "abc"
    with pytest.raises(ModelError, match="row 1: no source"):
        session.run(["a", {}])
    with pytest.raises(ModelError, match="row 0: 'target' is no input that rows have"):
        session.run([{"source": "a", "target": "b"}])
    with pytest.raises(ModelError, match="'max_length' is no input that rows have"):
        session.run([{"source": "a", "max_length": 3}])


def test_one_text_is_not_a_list_of_items(session: Session) -> None:
    with pytest.raises(ModelError, match=r"run\(\[text\]\)"):
        session.run("abc")


def test_another_graph_is_not_decoded(write_model: Callable[..., Path]) -> None:
    session = Session(write_model(graph="score"))
    with pytest.raises(ModelError, match="holds the graph 'score', not 'decode'"):
        session.run(["a"])
    assert session.call(source=[[4]])["tokens"].tolist() == [[[4]]]


def test_threads_share_a_session(session: Session) -> None:
    lines = ["abc"[: n % 4] for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda line: session.run([line])[0].text, lines))
    assert found == lines


def test_another_engine(session: Session) -> None:
    class Engine:
        """Gives two rows of what it likes."""

        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            assert inputs["source"].tolist() == [[4, 0], [4, 5]]
            found = {
                "tokens": np.full((2, 1, 2), 6),
                "lengths": np.array([[1], [2]]),
                "scores": np.zeros((2, 1), np.float32),
            }
            return [found[name] for name in names]

    found = Session.over(Engine(), session.contract, "engine").run(["ab", "a"])
    assert [result.text for result in found] == ["cc", "c"]
