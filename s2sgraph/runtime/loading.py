"""Opening a file in onnxruntime, and reading what it says of itself."""

from pathlib import Path
from typing import Any

from s2sgraph.runtime.contract import Contract, read_contract
from s2sgraph.runtime.errors import ModelError, runtime_errors
from s2sgraph.runtime.extensions import opened
from s2sgraph.runtime.external import explained

_FATAL = 4


def load(path: str | Path, threads: int | None = None) -> tuple[Any, Contract]:
    """The runtime's session for a file, and the file's contract.

    `threads` bounds the threads of one run; None lets the runtime use every core. Raises
    ModelError when the file cannot be read, is damaged, or was not written by s2sgraph, when
    the file of its weights is missing or another, or a library that it needs is not installed.
    """
    path = Path(path)
    if threads is not None and threads < 1:
        raise ModelError(f"threads is {threads}; expected a whole number from 1")
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "no such file"
        raise ModelError(f"{path}: {problem}; expected a .onnx file written by s2sgraph")
    with runtime_errors(f"{path}: cannot be loaded"), explained(path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # What it would print is in the error that it raises.
        options.log_severity_level = _FATAL
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            session = opened(path, options)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None
        metadata = dict(session.get_modelmeta().custom_metadata_map)
        names = [
            {value.name for value in session.get_inputs()},
            {value.name for value in session.get_outputs()},
        ]
    try:
        contract = read_contract(metadata)
        if contract.weights_file is not None:
            contract.weights_file.check(path.parent)
        described = [{i.name for i in contract.inputs}, {o.name for o in contract.outputs}]
        if described != names:
            odd = sorted((described[0] ^ names[0]) | (described[1] ^ names[1]))
            raise ModelError(f"damaged metadata: the interface and the graph differ in {odd}")
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    return session, contract
