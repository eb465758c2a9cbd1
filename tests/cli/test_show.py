"""`show` of a model file."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compiled import model_of, smaller, trained

from s2sgraph.cli.clients import CLIENTS, client
from s2sgraph.cli.clients.example import example
from s2sgraph.cli.show import _LANGUAGES
from s2sgraph.runtime import Contract, Input, Session
from s2sgraph.runtime.extensions import operators
from s2sgraph.spec import load
from s2sgraph.spec.dumping import plain
from s2sgraph.text import Subwords

SPECS = Path(__file__).parent.parent.parent / "specs"


def test_inputs_and_outputs(cli: Any, model_file: Path) -> None:
    done = cli("show", model_file)
    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "source int64[batch, source] required ids to read" in lines
    assert "source_length int64[batch] []" in lines
    assert "max_length int64 -1" in lines
    assert "tokens int64[batch, n_best, length]" in lines
    assert "source: 13 characters" in lines


def test_the_spec_inside(cli: Any, model_file: Path) -> None:
    assert cli("show", model_file, "--spec").out == "name: copy\n"


def test_the_languages_are_those_there_are() -> None:
    assert set(_LANGUAGES) == set(CLIENTS)


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("file", ["model_file", "frames_file"])
def test_clients_give_every_input(
    cli: Any, language: str, file: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(file)
    done = cli("show", path, "--client", language)
    assert done.code == 0
    for name in ("source", "source_length", "max_length", path.name, "lengths"):
        assert f'"{name}"' in done.out or re.search(rf"\b{name}\b", done.out)
    for pair in ("()", "[]", "{}"):
        assert done.out.count(pair[0]) == done.out.count(pair[1])


def test_the_python_client_runs(cli: Any, model_file: Path) -> None:
    program = cli("show", model_file, "--client", "python").out
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=model_file.parent, capture_output=True, check=True
    )
    assert done.stdout == b"[4 5 6]\n"


def test_the_python_client_runs_on_frames(cli: Any, frames_file: Path) -> None:
    program = cli("show", frames_file, "--client", "python").out
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=frames_file.parent, capture_output=True, check=True
    )
    assert done.stdout.split() == b"[[0. 0.] [0. 0.] [0. 0.]]".split()


@pytest.fixture(scope="module", params=["words", "characters"])
def lines_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of lines."""
    data = plain(load(SPECS / "dates.yaml"))
    side = {"tokens": request.param, "symbols": [*"abcdé"]}
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    model = model_of({**data, "source": side, "target": side})
    path = tmp_path_factory.mktemp("lines") / "lines.onnx"
    return model.export(path, trained(model), text="standard")


@pytest.mark.parametrize("language", _LANGUAGES)
def test_clients_send_lines(cli: Any, language: str, lines_file: Path) -> None:
    done = cli("show", lines_file, "--client", language)
    assert done.code == 0
    for name in ("source_text", "max_length", lines_file.name, "text"):
        assert f'"{name}"' in done.out or re.search(rf"\b{name}\b", done.out)
    words = Session(lines_file).contract.inputs[0].separator == ""
    assert (r"a\037b\037c" if language == "cpp" else r"a\u001fb\u001fc") in done.out or words
    for pair in ("()", "[]", "{}"):
        assert done.out.count(pair[0]) == done.out.count(pair[1])


def test_the_python_client_runs_on_lines(cli: Any, lines_file: Path) -> None:
    program = cli("show", lines_file, "--client", "python").out
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=lines_file.parent, capture_output=True, check=True
    )
    session = Session(lines_file)
    line = "abc" if session.contract.inputs[0].separator else "a b c"
    assert done.stdout.decode().rstrip("\n") == session.run([line])[0].text


@pytest.fixture(scope="module")
def subwords_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of lines that cuts them into subwords."""
    if operators() is None:
        pytest.skip("needs onnxruntime-extensions")
    folder = tmp_path_factory.mktemp("subwords")
    (folder / "units.json").write_text(Subwords.train(["abc"] * 3, 260).model)
    side = {"tokens": "subwords", "file": str(folder / "units.json")}
    data = plain(load(SPECS / "dates.yaml"))
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    model = model_of({**data, "source": side, "target": side})
    return model.export(folder / "subwords.onnx", trained(model), text="extensions")


def test_the_python_client_registers_the_library(cli: Any, subwords_file: Path) -> None:
    program = cli("show", subwords_file, "--client", "python").out
    compile(program, "client", "exec")
    assert "import onnxruntime\nimport onnxruntime_extensions\n" in program
    library = "onnxruntime_extensions.get_library_path()"
    assert f"options.register_custom_ops_library({library})\n" in program
    assert 'onnxruntime.InferenceSession("subwords.onnx", options)' in program
    done = cli("show", subwords_file, "--client", "java")
    assert (done.code, "needs onnxruntime-extensions; only python" in done.err) == (2, True)


@pytest.mark.long
def test_the_python_client_runs_on_subwords(cli: Any, subwords_file: Path) -> None:
    program = cli("show", subwords_file, "--client", "python").out
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=subwords_file.parent, capture_output=True, check=True
    )
    line = re.search(r"np\.array\(\[(\".*\")\], np\.object_\)", program)
    assert line is not None
    text = Session(subwords_file).run([json.loads(line[1])])[0].text
    assert done.stdout.decode() == f"{text}\n"


def test_what_a_client_may_leave_out_is_empty() -> None:
    prefix = Input("prefix", "int64", ("batch", "prefix"), required=False, default=[])
    (tensor,) = example(Contract("0", "decode", "", (prefix,), (), {}, {}))
    assert (tensor.shape, tensor.values) == ((1, 0), ())


def test_ids_of_clients_are_inside_the_vocabulary(write_model: Callable[..., Path]) -> None:
    source = {"kind": "characters", "symbols": ["<pad>", "<bos>", "<eos>", "<unk>", "a"]}
    contract = Session(write_model(vocabularies={"source": source, "target": source})).contract
    assert "np.array([4, 4, 4]" in client("python", "m.onnx", contract)


def test_mistakes(cli: Any, model_file: Path, write_model: Callable[..., Path]) -> None:
    assert "expected one of python, js" in cli("show", model_file, "--client", "cobol").err
    assert cli("show", "spec.yaml", "--client", "python").code == 2
    score = write_model("score.onnx", graph="score")
    assert "clients are for decode files" in cli("show", score, "--client", "python").err
    assert cli("show", model_file.parent / "none.onnx").code == 4
