"""Runs that take too long are stopped, and the session goes on."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from s2sgraph.runtime import DeadlineError, ModelError, Session


@pytest.fixture
def counting(tmp_path: Path) -> Session:
    """A file that counts to `steps`, one by one."""
    number = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Add", ["count", "one"], ["next"]),
            helper.make_node("Identity", ["go"], ["again"]),
        ],
        "body",
        [
            number("step", TensorProto.INT64, []),
            number("go", TensorProto.BOOL, []),
            number("count", TensorProto.INT64, []),
        ],
        [number("again", TensorProto.BOOL, []), number("next", TensorProto.INT64, [])],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["steps", "true", "zero"], ["total"], body=body)],
        "counting",
        [number("steps", TensorProto.INT64, [])],
        [number("total", TensorProto.INT64, [])],
        [
            helper.make_tensor("one", TensorProto.INT64, [], [1]),
            helper.make_tensor("zero", TensorProto.INT64, [], [0]),
            helper.make_tensor("true", TensorProto.BOOL, [], [True]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    steps = {"name": "steps", "dtype": "int64", "axes": []}
    said = {
        "version": "0",
        "graph": "step",
        "interface": json.dumps({"inputs": [steps], "outputs": [{**steps, "name": "total"}]}),
        "vocabularies": "{}",
        "hashes": "{}",
    }
    helper.set_model_props(model, {f"s2sgraph.{key}": value for key, value in said.items()})
    onnx.save(model, tmp_path / "counting.onnx")
    return Session(tmp_path / "counting.onnx", threads=1)


FOREVER = np.array(2**62)


def test_a_run_is_stopped_and_the_session_goes_on(counting: Session) -> None:
    for _ in range(3):
        with pytest.raises(DeadlineError, match=r"not done after 0\.05 s, the timeout that was"):
            counting.call(steps=FOREVER, timeout=0.05)
        assert counting.call(steps=np.array(1000), timeout=60)["total"] == 1000
    assert counting.call(steps=np.array(10))["total"] == 10


def test_only_the_late_one_of_several_threads_is_stopped(counting: Session) -> None:
    def call(number: int) -> Any:
        if number % 2:
            with pytest.raises(DeadlineError):
                counting.call(steps=FOREVER, timeout=0.02)
            return number
        return counting.call(steps=np.array(number), timeout=60)["total"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(call, range(24))) == [*range(24)]


def test_the_time_is_for_all_items_together(write_model: Callable[..., Path]) -> None:
    session = Session(write_model())

    class Late:
        """An engine whose every run takes what is left of the time, or more."""

        runs = 0

        def run(self, names: list[str], inputs: Any, options: Any) -> Any:
            Late.runs += 1
            while not options.terminate:
                pass
            raise RuntimeError("stopped")

    late = Session.over(Late(), session.contract, "late")
    with pytest.raises(DeadlineError):
        late.run(["a", "b", "c"], batch_size=1, timeout=0.02)
    assert Late.runs == 1


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), True, "soon"])
def test_a_timeout_is_a_number_of_seconds(counting: Session, timeout: Any) -> None:
    with pytest.raises(ModelError, match="expected seconds above 0"):
        counting.call(steps=np.array(1), timeout=timeout)


def test_an_error_of_the_run_is_told_as_such(write_model: Callable[..., Path]) -> None:
    class Failing:
        def run(self, *_: Any) -> Any:
            raise RuntimeError("no memory")

    session = Session.over(Failing(), Session(write_model()).contract, "engine")
    with pytest.raises(ModelError, match="engine: the run failed: no memory"):
        session.run(["a"], timeout=60)
