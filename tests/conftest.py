"""Tiny hand-made model files, for tests of what runs or shows a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import onnx
import pytest
from onnx import TensorProto, helper

from s2sgraph.text import Characters, Vocabulary

# The same cases in every run, and no limit on time: other work on the machine is no fault.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh", action="store_true", help="write golden files anew")


@pytest.fixture
def refresh(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--refresh"))


ABC = Vocabulary.of(Characters(), "abcdefgh ")

INPUTS = [
    {"name": "source", "dtype": "int64", "axes": ["batch", "source"], "meaning": "ids to read"},
    {"name": "source_length", "dtype": "int64", "axes": ["batch"], "default": []},
    {"name": "max_length", "dtype": "int64", "axes": [], "default": -1},
]
OUTPUTS = [
    {"name": "tokens", "dtype": "int64", "axes": ["batch", "n_best", "length"]},
    {"name": "lengths", "dtype": "int64", "axes": ["batch", "n_best"]},
    {"name": "scores", "dtype": "float32", "axes": ["batch", "n_best"]},
]


def metadata(**changes: Any) -> dict[str, str]:
    """The metadata of the copying model; None leaves a key out."""
    entries: dict[str, Any] = {
        "version": "0.1.0",
        "graph": "decode",
        "spec": "name: copy\n",
        "interface": {"inputs": INPUTS, "outputs": OUTPUTS},
        "vocabularies": {"source": ABC.to_json(), "target": ABC.to_json()},
        "hashes": {},
        **changes,
    }
    return {
        f"s2sgraph.{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in entries.items()
        if value is not None
    }


def _constants(**values: Any) -> list[onnx.NodeProto]:
    return [
        helper.make_node(
            "Constant",
            [],
            [name],
            value=helper.make_tensor(
                name,
                TensorProto.INT64,
                [len(value)] if isinstance(value, list) else [],
                value if isinstance(value, list) else [value],
            ),
        )
        for name, value in values.items()
    ]


def copying(dtype: int, inner: list[int], outputs: list[str]) -> onnx.ModelProto:
    """A model that gives its input back, up to `max_length`, with the sum as score."""
    nodes = [
        *_constants(zero=0, limit=2**40, starts=[0], first=[1], rank=[1], two=[2]),
        helper.make_node("Less", ["max_length", "zero"], ["open"]),
        helper.make_node("Where", ["open", "limit", "max_length"], ["most"]),
        helper.make_node("Shape", ["source"], ["rows"], start=0, end=1),
        helper.make_node("Shape", ["source"], ["width"], start=1, end=2),
        helper.make_node("Expand", ["width", "rows"], ["full"]),
        # The lengths given, or else (none were given) the full width of every row.
        helper.make_node("Concat", ["source_length", "full"], ["both"], axis=0),
        helper.make_node("Slice", ["both", "starts", "rows"], ["own"]),
        helper.make_node("Min", ["own", "most"], ["cut"]),
        helper.make_node("Unsqueeze", ["cut", "rank"], ["lengths"]),
        helper.make_node("Unsqueeze", ["source", "rank"], ["whole"]),
        helper.make_node("Unsqueeze", ["most", "starts"], ["ends"]),
        helper.make_node("Slice", ["whole", "starts", "ends", "two"], [outputs[0]]),
    ]
    if "scores" in outputs:
        nodes += [
            helper.make_node("ReduceSum", ["tokens", "two"], ["sum"], keepdims=0),
            helper.make_node("Cast", ["sum"], ["scores"], to=TensorProto.FLOAT),
        ]
    values = helper.make_tensor_value_info
    shapes = {
        "lengths": (TensorProto.INT64, ["batch", 1]),
        "scores": (TensorProto.FLOAT, ["batch", 1]),
        outputs[0]: (dtype, ["batch", 1, "length", *inner]),
    }
    graph = helper.make_graph(
        nodes,
        "copy",
        [
            values("source", dtype, ["batch", "source", *inner]),
            values("source_length", TensorProto.INT64, ["lengths_given"]),
            values("max_length", TensorProto.INT64, []),
        ],
        [values(name, *shapes[name]) for name in outputs],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


Writer = Callable[..., Path]


@pytest.fixture
def write_model(tmp_path: Path) -> Writer:
    """Writes the copying model, its metadata changed as the arguments say."""

    def write(name: str = "model.onnx", **changes: Any) -> Path:
        model = copying(TensorProto.INT64, [], ["tokens", "lengths", "scores"])
        helper.set_model_props(model, metadata(**changes))
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def model_file(write_model: Writer) -> Path:
    """A model that copies characters."""
    return write_model()


@pytest.fixture
def frames_file(tmp_path: Path) -> Path:
    """A model that copies frames of two features."""
    model = copying(TensorProto.FLOAT, [2], ["frames", "lengths"])
    source = {"name": "source", "dtype": "float32", "axes": ["batch", "source", 2]}
    frames = {"name": "frames", "dtype": "float32", "axes": ["batch", "n_best", "length", 2]}
    interface = {"inputs": [source, *INPUTS[1:]], "outputs": [frames, OUTPUTS[1]]}
    vocabularies = {"source": None, "target": None}
    helper.set_model_props(model, metadata(interface=interface, vocabularies=vocabularies))
    onnx.save(model, tmp_path / "frames.onnx")
    return tmp_path / "frames.onnx"
