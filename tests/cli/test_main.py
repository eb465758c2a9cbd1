"""Exit codes, signals and tracebacks."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import s2sgraph
from s2sgraph.cli import main as program
from s2sgraph.data import DataError, Fault
from s2sgraph.runtime import ModelError
from s2sgraph.spec import Problem, SpecError

COMMANDS = {p.stem for p in Path(program.__file__).parent.glob("*.py")} - {
    "__init__",
    "main",
    "specs",
    "clients",
    "answers",
    "lexicons",
    "searching",
    "streams",
}


def test_every_command_is_in_the_help(cli: Any) -> None:
    done = cli("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert f" {command} " in done.out


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(cli: Any, command: str) -> None:
    done = cli(command, "--help")
    assert done.code == 0
    assert "Usage: " in done.out


def test_version(cli: Any) -> None:
    assert cli("--version").out == f"s2sgraph {s2sgraph.__version__}\n"


def test_a_mistake_in_the_command(cli: Any) -> None:
    assert cli("chek").code == 2
    assert cli("run").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SpecError([Problem((), "odd")]), 2),
        (DataError("x.tsv", [Fault(3, "odd")]), 3),
        (ModelError("odd"), 4),
    ],
)
def test_each_stage_has_its_exit_code(
    cli: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(words: list[str]) -> None:
        raise error

    monkeypatch.setattr(program, "app", fail)
    done = cli("check")
    assert (done.code, done.err) == (code, f"{error}\n")


def test_no_traceback_unless_asked_for(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: list[str]) -> None:
        assert words == ["check"]
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(program, "app", fail)
    done = cli("check")
    assert done.code == 1
    assert done.err.startswith("internal error: ZeroDivisionError: by nought\n")
    with pytest.raises(ZeroDivisionError):
        cli("check", "--debug")


def test_an_error_of_another_with_our_name_is_internal() -> None:
    class DataError(Exception):
        pass

    assert program.code_of(DataError()) is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(model_file: Path, number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "s2sgraph", "run", str(model_file), "--batch", "1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"a\n" * 16)
        process.stdin.flush()
        assert process.stdout.readline() == b"a\n"  # it runs, and now waits for more
        process.send_signal(number)
        assert process.wait(10) == code
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_reader_that_has_enough(model_file: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(b"abc\n" * 50_000)
    command = f"'{sys.executable}' -m s2sgraph run '{model_file}' '{lines}' | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "abc\n", "")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom s2sgraph.cli.main import main\n"
        f"try:\n    main({words})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    # Not pydantic: typer itself reads the options of a command with it.
    heavy = {"torch", "numpy", "onnx", "onnxruntime", "networkx", "ruamel.yaml", "s2sgraph.spec"}
    assert not heavy & set(done.stderr.split())
