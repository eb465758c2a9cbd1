"""Files of several graphs of one model, which share one file of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s2sgraph.exporting import exporter, replacing_all

if TYPE_CHECKING:
    from s2sgraph.model.model import Model
    from s2sgraph.model.traces import Tracing
    from s2sgraph.text import Form

Verify = Callable[[str, Path], None]
"""Called with the graph and the path of a file before it gets its name."""


def beside(path: Path) -> Path:
    """The file of the weights of one file that has none in itself."""
    return path.with_name(f"{path.stem}.weights.bin")


def write_together(
    model: Model,
    names: Mapping[str, Path],
    apart: str,
    weights: Mapping[str, Any],
    tracing: Tracing,
    text: Form | None,
    verify: Verify | None,
) -> None:
    """Write the file of each graph under its name, all in one folder, and their weights in `apart`.

    Raises ExportError; then there is no file.
    """
    target = exporter("onnx")
    (folder,) = {path.parent for path in names.values()}
    # Text is for the decode file; the others of a set take ids.
    forms = {graph: text if graph == "decode" or len(names) == 1 else None for graph in names}
    spellings = {graph: model.spelling(graph, form) for graph, form in forms.items()}
    with replacing_all(folder, [apart, *(path.name for path in names.values())]) as temporary:
        files = [
            target.File(
                temporary / path.name,
                tracing.graph(graph),
                model.metadata(graph, weights, tracing, spellings[graph]),
                spellings[graph],
            )
            # The scorer last: it can turn the weights of a step at its start, a step cannot.
            for graph, path in sorted(names.items(), key=lambda item: item[0] == "score")
        ]
        target.write_together(files, weights, temporary / apart)
        for graph, path in names.items():
            file = temporary / path.name
            if verify is None:
                from s2sgraph.verifying import verify_file

                verify_file(tracing, file, graph, dict(weights), spellings[graph])
            else:
                verify(graph, file)
