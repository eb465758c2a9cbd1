"""Files that are damaged, foreign, or not there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from s2sgraph.runtime import ModelError, Session
from s2sgraph.runtime.errors import runtime_errors

Writer = Callable[..., Path]


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none.onnx: no such file"):
        Session(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="is a folder"):
        Session(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09" * 500, b"\xff" * 100])
def test_what_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        Session(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_foreign_model(model_file: Path) -> None:
    model = onnx.load(model_file)
    del model.metadata_props[:]
    onnx.save(model, model_file)
    with pytest.raises(ModelError, match="not written by s2sgraph"):
        Session(model_file)


def test_a_foreign_domain(tmp_path: Path) -> None:
    node = helper.make_node("Conjure", ["x"], ["y"], domain="elsewhere")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([node], "g", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("elsewhere", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "x.onnx")
    with pytest.raises(ModelError, match=r"cannot be loaded: .*Conjure"):
        Session(tmp_path / "x.onnx")


INTERFACES = [
    {},
    {"inputs": [], "outputs": 3},
    {"inputs": [{"name": "source"}], "outputs": []},
    {"inputs": [{"name": "source", "dtype": "int65", "axes": []}], "outputs": []},
    {"inputs": [{"name": "source", "dtype": "int64", "axes": [1.5]}], "outputs": []},
    {"inputs": [3], "outputs": []},
]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"graph": "dance"}, "graph 'dance'; expected one of decode, score"),
        ({"graph": None}, "graph ''"),
        ({"interface": None}, "no 's2sgraph.interface'"),
        ({"interface": "{"}, "'s2sgraph.interface' is no JSON"),
        ({"interface": "[" * 100_000}, "'s2sgraph.interface' is no JSON"),
        ({"interface": []}, "'s2sgraph.interface' is a list"),
        *[({"interface": form}, "damaged metadata") for form in INTERFACES],
        ({"vocabularies": None}, "no 's2sgraph.vocabularies'"),
        ({"vocabularies": {"source": {"kind": "runes"}}}, "vocabulary of 'source': .*symbols"),
        ({"hashes": "x"}, "'s2sgraph.hashes' is no JSON"),
    ],
)
def test_damaged_metadata(write_model: Writer, changes: dict[str, Any], message: str) -> None:
    path = write_model(**changes)
    with pytest.raises(ModelError, match=message) as caught:
        Session(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_interface_and_the_graph_differ(write_model: Writer) -> None:
    lengths = {"name": "lengths", "dtype": "int64", "axes": ["batch", "n_best"]}
    with pytest.raises(ModelError, match=r"differ in \['max_length', 'scores', .*'tokens'\]"):
        Session(write_model(interface={"inputs": [], "outputs": [lengths]}))
    with pytest.raises(ModelError, match="without the output 'lengths'"):
        Session(write_model(interface={"inputs": [], "outputs": []}))


def test_symbols_that_do_not_fit(write_model: Writer, model_file: Path) -> None:
    vocabularies = dict(Session(model_file).contract.vocabularies)
    source = vocabularies["source"]
    assert source is not None
    few = {"kind": "characters", "symbols": ["<pad>", "<bos>", "<eos>", "<unk>"]}
    path = write_model(vocabularies={"source": source.to_json(), "target": few})
    with pytest.raises(ModelError, match="do not fit its tokens: id 4"):
        Session(path).run(["a"])


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_are_counted_from_one(model_file: Path, threads: int) -> None:
    with pytest.raises(ModelError, match=f"threads is {threads}"):
        Session(model_file, threads=threads)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("first line\nsecond line"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ValueError(),
        MemoryError(),
    ],
)
def test_whatever_the_runtime_raises_is_ours(error: Exception) -> None:
    with pytest.raises(ModelError) as caught, runtime_errors("reading"):
        raise error
    assert str(caught.value).startswith("reading: ")
    assert len(str(caught.value).splitlines()) == 1


DAMAGE = """
import pathlib, random, sys
from s2sgraph.runtime import ModelError, Session
whole = pathlib.Path(sys.argv[1]).read_bytes()
path = pathlib.Path(sys.argv[2])
dice = random.Random(0)
opened = refused = 0
for case in range(400):
    content = bytearray(whole)
    if case % 4:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    else:
        del content[dice.randrange(len(content)):]
    path.write_bytes(content)
    try:
        Session(path, threads=1)
        opened += 1
    except ModelError as error:
        assert len(str(error)) < 2000
        refused += 1
print(opened, refused)
"""


def test_damage_never_ends_the_process(model_file: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DAMAGE, str(model_file), str(tmp_path / "damaged.onnx")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The numbers are all it printed: the runtime's own talk must not reach anyone's output.
    assert done.stderr == ""
    opened, refused = map(int, done.stdout.split())
    assert opened + refused == 400
    assert refused > 200
