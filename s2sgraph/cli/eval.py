"""`eval`: figures of how good a model is on data."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from s2sgraph import __version__
from s2sgraph.cli.specs import setting, split_changes

if TYPE_CHECKING:
    from s2sgraph.data import Corpus
    from s2sgraph.evaluating import Evaluation, Rows
    from s2sgraph.metrics.metric import Metric
    from s2sgraph.runtime import Session


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL_OR_RUN", help="A decode or score file, or a run folder."),
    ],
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...", help="Files as for training; source=FILE target=FILE for columns."
        ),
    ],
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Such as wer,per. Default: what fits the target."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a line for the answer to each row.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the search: beams=4."),
    ] = None,
    odd: Annotated[
        Literal["error", "skip", "keep"], typer.Option(help="What is done about odd lines.")
    ] = "error",
    batch: Annotated[int, typer.Option(min=1, help="Sources that run together.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: every core.")] = None,
) -> None:
    """Decode the sources of data, and say how good the answers are.

    A file runs by onnxruntime, a run folder by torch with its best weights. Rows of one source
    are several references for it: an answer is right if it is one of them. Metrics that have
    settings are written as in a spec: `--metrics "wer, {kind: bleu, tokenize: 13a}"`. Of a score
    file there are loss and perplexity, for which nothing is decoded.
    """
    from s2sgraph.evaluating import fields, target_kind

    given = _metrics(metrics) if metrics is not None else None
    values = {name: setting(text) for name, text in split_changes(settings).items()}
    session = _session(model, threads)
    kind = target_kind(session.contract)
    chosen = _fitting(given, session, model)
    if output is not None and session.contract.graph == "score":
        raise typer.BadParameter("a score file gives no answers", param_hint="--output")
    read = _read(_corpus(data, fields(session.contract), odd))
    found = _evaluated(session, model, read, chosen, batch, values)
    if output is not None:
        _write(output, found)
    about = _about(model, session, read, found, values)
    typer.echo(json.dumps(about, ensure_ascii=False) if as_json else _as_text(about))
    if kind == "words" and _one_word_each(found) and "wer" in {m.word for m in chosen}:
        note = "what papers call the word error rate of pronunciations is pronunciation_wer"
        typer.echo(f"note: every source is one word; {note}", err=True)


# ------------------------------------------------------------------ what is asked for


def _metrics(text: str) -> "tuple[Metric, ...]":
    """The metrics of an option, read as a list in YAML without its brackets."""
    from pydantic import ValidationError

    from s2sgraph.metrics.metric import Metric
    from s2sgraph.spec import SpecError
    from s2sgraph.spec.evaluation import Evaluate
    from s2sgraph.spec.messages import problems_of
    from s2sgraph.spec.reading import read

    document = read(f"metrics: [{text}]", "--metrics")
    try:
        found = Evaluate.model_validate(document.value).metrics or ()
    except ValidationError as error:
        raise SpecError(problems_of(error), document.places) from None
    return tuple(metric for metric in found if isinstance(metric, Metric))


def _session(model: Path, threads: int | None) -> "Session":
    if not model.is_dir():
        from s2sgraph.runtime import Session

        return Session(model, threads)
    if not (model / "best.safetensors").exists():
        hint = f"{model} has no best.safetensors; expected a run folder or a decode file"
        raise typer.BadParameter(hint, param_hint="MODEL_OR_RUN")
    if find_spec("torch") is None:
        hint = "a run folder needs torch: pip install 's2sgraph[train]'; an exported file does not"
        raise typer.BadParameter(hint, param_hint="MODEL_OR_RUN")
    from s2sgraph.train.evaluating import session_of_run

    return session_of_run(model)


def _fitting(
    given: "tuple[Metric, ...] | None", session: "Session", model: Path
) -> "tuple[Metric, ...]":
    """The metrics that were asked for, or those by default. Raises MetricError for a misfit."""
    from s2sgraph.evaluating import target_kind
    from s2sgraph.metrics.errors import MetricError
    from s2sgraph.metrics.loss import Loss
    from s2sgraph.metrics.measuring import check, default_metrics
    from s2sgraph.metrics.metric import LikelihoodMetric
    from s2sgraph.metrics.perplexity import Perplexity

    kind, graph = target_kind(session.contract), session.contract.graph
    if graph not in ("decode", "score"):
        hint = f"{model} holds the graph {graph}; expected decode or score"
        raise typer.BadParameter(hint, param_hint="MODEL_OR_RUN")
    if given is None:
        return (Loss(), Perplexity()) if graph == "score" else default_metrics(kind)
    check(given, kind)
    for metric in given:
        if not isinstance(metric, LikelihoodMetric) and graph == "score":
            why = "is of answers, and a score file gives none; evaluate a decode file"
            raise MetricError(f"{metric.label} {why}")
        if isinstance(metric, LikelihoodMetric) and kind == "frames":
            why = "is of probabilities, which frames have none of; there are mse and mae"
            raise MetricError(f"{metric.label} {why}")
        if isinstance(metric, LikelihoodMetric) and graph == "decode" and not model.is_dir():
            why = "is of given targets, which a decode file does not score; export --graph score"
            raise MetricError(f"{metric.label} {why}")
    return given


# ------------------------------------------------------------------ data


def _corpus(data: list[str], fields: Any, odd: Any) -> "Corpus":
    from s2sgraph.data import Corpus, Part

    columns = {}
    parts = []
    for text in data:
        name, sign, file = text.partition("=")
        if sign and name in fields and not Path(text).exists():
            columns[name] = Path(file)
        else:
            parts.append(Part(Path(text)))
    if columns:
        parts.append(Part(columns=columns))
    return Corpus(tuple(parts), fields, odd)


def _read(corpus: "Corpus") -> "Rows":
    """The rows that the policy lets pass. Raises DataError for what it does not."""
    from s2sgraph.data import DataError, Fault
    from s2sgraph.evaluating import read_rows

    read = read_rows(corpus)
    if not read.rows:
        raise DataError(corpus.parts[0].name, [Fault(0, "no row to evaluate")])
    return read


def _evaluated(
    session: "Session",
    model: Path,
    read: "Rows",
    metrics: "tuple[Metric, ...]",
    batch: int,
    values: dict[str, Any],
) -> "Evaluation":
    from s2sgraph.evaluating import evaluate, likelihood_of, scored
    from s2sgraph.metrics.metric import LikelihoodMetric
    from s2sgraph.runtime import ModelError

    if session.contract.graph == "score":
        return scored(session, read.rows, metrics, batch_size=batch)
    try:
        session.run([], **values)
    except ModelError as error:
        # A mistake in the command: neither the file's fault, nor that of the first row.
        raise typer.BadParameter(str(error), param_hint="--set") from None
    likelihood = None
    if any(isinstance(metric, LikelihoodMetric) for metric in metrics):
        from s2sgraph.train.evaluating import session_of_run

        likelihood = likelihood_of(session_of_run(model, "score"), read.rows, batch_size=batch)
    try:
        return evaluate(
            session, read.rows, metrics, batch_size=batch, likelihood=likelihood, **values
        )
    except ModelError:
        _blame(session, read, values)
        raise


def _blame(session: "Session", read: "Rows", values: dict[str, Any]) -> None:
    """Raise a DataError that names every row whose source the model refuses by itself."""
    from s2sgraph.data import DataError, Fault
    from s2sgraph.evaluating import questions
    from s2sgraph.runtime import ModelError

    faults = []
    for question in questions(session.contract, read.rows):
        try:
            session.run([question.item], **values)
        except ModelError as error:
            place = read.places[question.rows[0]]
            faults.append(Fault(place.line, str(error).replace("row 0: ", ""), "", place.file))
    if faults:
        raise DataError(faults[0].file, faults) from None


# ------------------------------------------------------------------ what is told


def _about(
    model: Path, session: "Session", read: "Rows", found: "Evaluation", values: dict[str, Any]
) -> dict[str, Any]:
    """Everything that is told, as plain values."""
    from s2sgraph.spec import loads
    from s2sgraph.spec.dumping import plain

    search = plain(loads(session.contract.spec, str(model)).search)
    decodes = session.contract.graph == "decode"
    return {
        "model": str(model),
        "engine": "torch" if model.is_dir() else "onnxruntime",
        "s2sgraph": __version__,
        "data": {name: report.describe() for name, report in read.reports.items()},
        "rows": len(read.rows),
        "sources": len(found.questions),
        "search": ({"kind": search} if isinstance(search, str) else search) if decodes else None,
        "set": values,
        "seconds": round(found.seconds, 3),
        "figures": {
            label: {**figure.to_json(), "shown": figure.shown}
            for label, figure in found.figures.items()
        },
    }


def _as_text(about: dict[str, Any]) -> str:
    lines = [f"{name}: {report}" for name, report in about["data"].items()]
    lines.append(f"{about['sources']:,} sources with {about['rows']:,} references")
    verb = "scored"
    if about["search"]:
        verb, search = "decoded", {**about["search"], **about["set"]}
        settings = [f"{name} {value}" for name, value in search.items() if name != "kind"]
        lines.append(", ".join([f"{search['kind']} search", *settings]))
    speed = about["sources"] / max(about["seconds"], 1e-3)
    engine = f"{about['engine']}, {about['seconds']:.1f} s, {speed:,.0f} sources a second"
    lines += [f"{about['model']}: {verb} by {engine}", ""]
    figures = about["figures"]
    wide = max((len(label) for label in figures), default=0)
    width = max((len(figure["shown"]) for figure in figures.values()), default=0)
    for label, figure in figures.items():
        told = figure.get("signature") or figure["counted"]
        lines.append(f"{label:<{wide}}  {figure['shown']:>{width}}  {told}")
    return "\n".join(lines)


def _write(output: Path, found: "Evaluation") -> None:
    """One line for the answer to each row, in the order of the rows."""
    lines: dict[int, str] = {}
    for question, answer in zip(found.questions, found.answers, strict=True):
        best = answer.best
        if best.text is None:
            text = json.dumps(best.extras["frames"].tolist())
        else:
            text = best.text.translate({9: " ", 10: " ", 13: " "})
        lines |= dict.fromkeys(question.rows, text)
    content = "".join(f"{lines[row]}\n" for row in sorted(lines))
    output.write_bytes(content.encode("utf-8", errors="replace"))


def _one_word_each(found: "Evaluation") -> bool:
    sources = (value for question in found.questions for value in question.item.values())
    return all(isinstance(value, str) and len(value.split()) == 1 for value in sources)
