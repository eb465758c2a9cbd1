"""`export`: from a spec or a run folder to one verified ONNX file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from s2sgraph.cli.lexicons import read_lexicon
from s2sgraph.cli.specs import Changes, load_spec

if TYPE_CHECKING:
    from s2sgraph.model import Model
    from s2sgraph.model.ensemble import Mean
    from s2sgraph.spec import Spec
    from s2sgraph.weights import Weights


def export(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SPEC_OR_RUN", help="A run folder, or a spec; of several, their ensemble."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write, or the folder of several."),
    ] = None,
    emit: Annotated[
        Path | None,
        typer.Option(help="Write model.py, the module for torch alone, and its weights beside it."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A .safetensors file. Default: the run's best weights.")
    ] = None,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="Weights as before training.")
    ] = False,
    graph: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="decode (encoder and search), score, encode or step; several share weights.bin.",
        ),
    ] = "decode",
    outputs: Annotated[
        str | None, typer.Option(metavar="A,B", help="Further outputs, such as context.weights.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="KIND", help="Another kind of search: greedy, beam, …")
    ] = None,
    inputs: Annotated[
        str,
        typer.Option(metavar="A,B", help="Settings of the search to choose when the file is run."),
    ] = "max_length",
    hard: Annotated[
        bool, typer.Option("--hard", help="A score file that attends as decoding does.")
    ] = False,
    mean: Annotated[
        Literal["probabilities", "log-probabilities"],
        typer.Option(help="What an ensemble takes the mean of."),
    ] = "probabilities",
    lexicon: Annotated[
        list[Path] | None,
        typer.Option(
            help="Lines `source TAB target`: of these sources a decode file gives these targets, "
            "whatever the model says. May be repeated; the first line of a source counts."
        ),
    ] = None,
    text: Annotated[
        Literal["standard", "onnxruntime", "extensions"] | None,
        typer.Option(
            help="Lines in and out: by standard operators, or onnxruntime's own too, or also those "
            "of onnxruntime-extensions, for byte-level BPE (but for U+0085 and letters that "
            "Unicode has since version 14)."
        ),
    ] = None,
    external: Annotated[
        bool, typer.Option("--external", help="Weights beside the file; for 100 MB and more.")
    ] = False,
    changes: Changes = None,
) -> None:
    """Write one ONNX file, compared with the model before it gets its name; or several.

    Nothing is left of a file that cannot be written or does not compute what the model means.
    """
    if output is None and emit is None:
        raise typer.BadParameter("expected a file to write", param_hint="--output")
    found = [_found(source, weights, random_weights) for source in sources]
    asked, chosen, graphs = _names(outputs or ""), _names(inputs), _graphs(graph, text, hard)
    if lexicon and (output is None or "decode" not in graphs):
        raise typer.BadParameter("only a decode file has a lexicon", param_hint="--lexicon")
    specs = [load_spec(path, changes, search) for path, _ in found]
    from s2sgraph.model.files import beside
    from s2sgraph.verifying import verify_file

    model, arrays = _model(specs, [given for _, given in found], mean)
    given = ", ".join(str(given) for _, given in found if given)
    if emit is not None:
        script, tensors = model.emit(emit, arrays)
        typer.echo(f"{script}: the module of {model.spec.name} for torch; weights: {tensors}")
    if output is None:
        return
    known = read_lexicon(model, lexicon) if lexicon else None
    tracing = model.tracing(asked, chosen, hard=hard, lexicon=known)
    spelling = model.spelling("decode", text) if "decode" in graphs else None
    differences: dict[str, dict[str, float]] = {}

    def verify(name: str, file: Path) -> None:
        spelled = spelling if name == "decode" else None
        differences[name] = verify_file(tracing, file, name, arrays, spelled)

    if len(graphs) == 1:
        model.export(
            output,
            arrays,
            graph=graphs[0],
            outputs=asked,
            inputs=chosen,
            hard=hard,
            lexicon=known,
            text=text,
            external=external,
            verify=lambda file: verify(graphs[0], file),
        )
        files = {graphs[0]: output}
    else:
        files = model.export_together(
            output,
            arrays,
            graphs=graphs,
            outputs=asked,
            inputs=chosen,
            lexicon=known,
            text=text,
            verify=verify,
        )
    for name, file in files.items():
        _tell(model, file, name, given, differences[name])
    if external or len(graphs) > 1:
        weights_file = output / "weights.bin" if output.is_dir() else beside(output)
        typer.echo(f"{weights_file}: {weights_file.stat().st_size / 1e6:.2f} MB, to stand beside")


def _model(specs: "list[Spec]", given: list[Path | None], mean: "Mean") -> "tuple[Model, Weights]":
    """The model of one spec, or the ensemble of several, and its weights."""
    from s2sgraph.model import compile
    from s2sgraph.model.ensemble import Ensemble

    models = [compile(spec) for spec in specs]
    arrays = [
        model.initial(seed) if path is None else model.fitted(path)
        for seed, (model, path) in enumerate(zip(models, given, strict=True))
    ]
    if len(models) == 1:
        return models[0], arrays[0]
    ensemble = Ensemble(models, mean)
    return ensemble, ensemble.together(arrays)


def _graphs(text: str, form: str | None, hard: bool) -> list[str]:
    """The graphs that are asked for."""
    from s2sgraph.model.model import GRAPHS

    graphs = _names(text)
    if not graphs or len({*graphs}) < len(graphs) or not {*graphs} <= {*GRAPHS}:
        hint = f"{text!r}; expected some of {', '.join(GRAPHS)}, with commas, once each"
        raise typer.BadParameter(hint, param_hint="--graph")
    if hard and graphs != ["score"]:
        raise typer.BadParameter("only a score file can be hard", param_hint="--hard")
    if form is not None and "decode" not in graphs:
        raise typer.BadParameter("only a decode file takes lines", param_hint="--text")
    return graphs


def _names(text: str) -> list[str]:
    """The names in a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def _found(source: Path, weights: Path | None, random: bool) -> tuple[Path, Path | None]:
    """The spec and the weights; None for random ones."""
    if weights is not None and random:
        raise typer.BadParameter("weights are given too; keep one", param_hint="--random-weights")
    spec = source / "spec.yaml" if source.is_dir() else source
    if random or weights is not None:
        return spec, weights
    if not source.is_dir():
        hint = f"{source} is no run folder; give weights, or --random-weights"
        raise typer.BadParameter(hint, param_hint="--weights")
    best = source / "best.safetensors"
    if not best.exists():
        hint = f"{source} has no best.safetensors; train it, or give weights"
        raise typer.BadParameter(hint, param_hint="SPEC_OR_RUN")
    return spec, best


def _tell(model: "Model", file: Path, graph: str, given: str, differences: dict[str, Any]) -> None:
    from importlib.util import find_spec

    by = "torch" if find_spec("torch") else "the reference in numpy"
    name, largest = max(differences.items(), key=lambda item: item[1])
    words = f"weights of {given}" if given else "random weights"
    typer.echo(f"{file}: {file.stat().st_size / 1e6:.2f} MB, {graph} of {model.spec.name}, {words}")
    typer.echo(
        f"onnxruntime against {by}: {len(differences)} outputs ({', '.join(differences)}), "
        f"largest difference {largest:.2g} ({name})"
    )
