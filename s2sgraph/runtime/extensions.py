"""onnxruntime-extensions: the library that files need which cut lines into subwords.

It is not imported, since its package loads onnx and, where there is one, torch: the runtime wants
nothing of it but the place of its operators.
"""

from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from s2sgraph.runtime.errors import ModelError

DOMAIN = "ai.onnx.contrib"


def opened(path: Path, options: Any) -> Any:
    """A session of onnxruntime for a file, with the operators of the library if it names them.

    Raises ModelError if the library is needed and missing, else what onnxruntime raises.
    """
    try:
        return _session(path, options)
    except Exception as error:
        if DOMAIN not in str(error):
            raise
    place = operators()
    if place is None:
        raise ModelError(
            "onnxruntime-extensions, which cuts lines into subwords for this file, is not "
            "installed; pip install 's2sgraph[extensions]'"
        )
    options.register_custom_ops_library(place)
    return _session(path, options)


def operators() -> str | None:
    """The file of the library's operators, if it is installed."""
    package = find_spec("onnxruntime_extensions")
    if package is None:
        return None
    found = PathFinder.find_spec("_extensions_pydll", package.submodule_search_locations)
    return None if found is None else found.origin


def _session(path: Path, options: Any) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(path),
        options,
        providers=["CPUExecutionProvider"],
        # Falling back would print to standard output and try the same again.
        enable_fallback=0,
    )
