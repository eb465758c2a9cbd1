"""Messages, word for word: each golden file is a spec, a line of dashes, and what is said of it.

`pytest tests/spec --refresh` writes the second parts anew.
"""

import re
from pathlib import Path

import pytest

from s2sgraph.spec import SpecError, loads

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
LINE = "----\n"
# What pydantic says to programmers.
JARGON = re.compile(
    r"Input should|valid (integer|string|dict|tuple)|pydantic|validation |validator|\bctx\b|type="
)


def test_there_are_enough() -> None:
    assert len(GOLDEN) >= 60


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_message(path: Path, refresh: bool) -> None:
    text, _, expected = path.read_bytes().decode().partition(LINE)
    with pytest.raises(SpecError) as caught:
        loads(text, "spec.yaml")
    message = f"{caught.value}\n"
    if refresh:
        path.write_bytes(f"{text}{LINE}{message}".encode())
        expected = message
    assert message == expected
    assert not JARGON.search(message)
    assert message.startswith("spec.yaml")
