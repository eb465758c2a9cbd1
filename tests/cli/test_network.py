"""Nothing that a command does by default opens a connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from s2sgraph.cli.specs import examples

WATCHED = """
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        raise AssertionError(f"the network was touched: {event} {arguments}")
sys.addaudithook(refuse)
from s2sgraph.cli.main import main
main(sys.argv[1:])
"""


def watched(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", WATCHED, *words]
    return subprocess.run(command, input=b"abc\n", capture_output=True, check=False)


@pytest.mark.parametrize("command", ["run", "show", "check", "doctor", "init"])
def test_no_command_touches_the_network(command: str, model_file: Path) -> None:
    words = {
        "run": [str(model_file)],
        "show": [str(model_file)],
        "check": [str(examples()["dates"])],
    }
    done = watched(command, *words.get(command, []))
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_watch_would_see_it() -> None:
    code = WATCHED.partition("from s2sgraph")[0] + "import socket; socket.socket()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"the network was touched: socket.__new__" in done.stderr
