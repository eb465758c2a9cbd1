"""Client programs for a decode file, in five languages, with the file's own inputs filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s2sgraph.cli.clients import cpp, csharp, java, javascript, python
from s2sgraph.cli.clients.example import Tensor, example, results
from s2sgraph.runtime import Contract

Writer = Callable[[str, Sequence[Tensor], Sequence[str]], str]
"""Makes a program from the name of the file, a row for its inputs, and the outputs it prints."""
CLIENTS: dict[str, Writer] = {
    "python": python.program,
    "js": javascript.program,
    "cpp": cpp.program,
    "csharp": csharp.program,
    "java": java.program,
}
EXTENDED: dict[str, Writer] = {"python": python.extended}
"""Those for files that need onnxruntime-extensions."""


def client(language: str, file: str, contract: Contract) -> str:
    """A complete program that decodes one row with the file, in one of CLIENTS or EXTENDED."""
    write = EXTENDED[language] if contract.extended else CLIENTS[language]
    return write(file, example(contract), results(contract))
