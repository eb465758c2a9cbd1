"""Evaluating: the sources of data put to a session, its answers, and figures of how good they are.

The session may run a file by onnxruntime or a module by torch: nothing here knows which.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2sgraph.data import Corpus, Field, Place, Report, Row, Sieve
from s2sgraph.data.fields import Value
from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.measuring import Evidence, measure
from s2sgraph.metrics.metric import Metric
from s2sgraph.metrics.samples import FrameSample, Likelihood, Text, TextSample
from s2sgraph.runtime import Contract, Result, Session
from s2sgraph.text import Ids, Vocabulary
from s2sgraph.text.own import units_of

NAMED_AT_MOST = 10
"""Answers of a wrong length that an error names one by one."""


@dataclass(frozen=True)
class Question:
    """One source, and everything that would be right for it.

    Attributes:
        item: what a session is given, by the names of its inputs.
        references: the targets that the data have for it, in their order.
        rows: the numbers of their rows, from 0.
    """

    item: Mapping[str, Any]
    references: tuple[Value, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Evaluation:
    """What came of a set of questions.

    Attributes:
        questions: in the order in which their sources came first.
        answers: what the session made of each.
        figures: by the label of each metric.
        seconds: how long decoding took.
    """

    questions: tuple[Question, ...]
    answers: tuple[Result, ...]
    figures: Mapping[str, Figure]
    seconds: float


def target_kind(contract: Contract) -> str:
    """What the target consists of: `characters`, `words`, `subwords`, `ids` or `frames`."""
    table = contract.vocabularies.get("target")
    return "frames" if table is None else table.kind


def fields(contract: Contract) -> dict[str, Field]:
    """What rows must hold for a decode or score file: its data by name, and the target."""
    found = {}
    for wanted in contract.inputs:
        if wanted.dtype == "string":
            found[wanted.source] = Field("text")
        elif wanted.is_setting or not wanted.required or len(wanted.axes) == 1:
            continue
        elif wanted.dtype == "float32":
            kind = "frames" if len(wanted.axes) == 3 else "values"
            found[wanted.name] = Field(kind, int(wanted.axes[-1]))
        else:
            table = contract.table(wanted)
            found[wanted.name] = Field("text" if isinstance(table, Vocabulary) else "ids")
    if target_kind(contract) == "frames":
        frames = next(output for output in contract.outputs if output.name == "frames")
        return {**found, "target": Field("frames", int(frames.axes[-1]))}
    return {**found, "target": Field("ids" if target_kind(contract) == "ids" else "text")}


@dataclass(frozen=True)
class Rows:
    """The rows of data as they stand in its files.

    Attributes:
        rows: those that the policy for odd lines lets pass.
        places: where each stands.
        reports: what was read and left out, by the name of each part.
    """

    rows: list[Row]
    places: list[Place]
    reports: dict[str, Report]


def read_rows(corpus: Corpus) -> Rows:
    """All rows of a corpus. Raises DataError with every line that its policy does not let pass."""
    found = Rows([], [], {})
    sieve = Sieve(corpus.odd)
    for part in corpus.parts:
        report = Report()
        for record in sieve.records(part.records(corpus.fields), report):
            assert record.row is not None
            found.rows.append(record.row)
            found.places.append(record.place)
        found.reports[part.name] = report
    sieve.finish()
    return found


def questions(contract: Contract, rows: Sequence[Row]) -> tuple[Question, ...]:
    """The questions that rows ask; rows of one source are references of one question.

    Rows whose target is frames are each a question of their own: the mean of an error is over all
    of them, and none of them is nearest.
    """
    asked: dict[Any, tuple[dict[str, Any], list[Value], list[int]]] = {}
    for number, row in enumerate(rows):
        item: dict[str, Any] = {name: value for name, value in row.items() if name != "target"}
        if contract.input("steps"):
            item["steps"] = _length(contract, row["target"])
        key = number if target_kind(contract) == "frames" else _key(item)
        _, references, numbers = asked.setdefault(key, (item, [], []))
        references.append(row["target"])
        numbers.append(number)
    return tuple(Question(item, tuple(found), tuple(rows)) for item, found, rows in asked.values())


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """Equal for equal items."""
    return tuple(
        (name, value if isinstance(value, str | int) else (value.shape, value.tobytes()))
        for name, value in item.items()
    )


def _length(contract: Contract, target: Value) -> int:
    table = contract.vocabularies.get("target")
    return len(target if table is None else text_of(table, target).symbols)


def evaluate(
    session: Session,
    rows: Sequence[Row],
    metrics: Sequence[Metric],
    *,
    batch_size: int = 32,
    likelihood: Likelihood | None = None,
    **settings: Any,
) -> Evaluation:
    """Decode every source of the rows, and measure the answers.

    Args:
        session: of a decode file, or over a module.
        rows: as `fields` says, the target among them.
        metrics: those that `check` has found to fit the target.
        batch_size: most sources that run together.
        likelihood: of the targets as they are given, for the metrics that are of them.
        settings: of the search, by the names of the file's inputs.

    Raises:
        ModelError: the session does not take a source or a setting.
        MetricError: an answer has not the length of its reference, or a library is missing.
    """
    asked = questions(session.contract, rows)
    began = time.perf_counter()
    answers = session.run([question.item for question in asked], batch_size=batch_size, **settings)
    seconds = time.perf_counter() - began
    figures = measure(metrics, evidence(session.contract, asked, answers, likelihood))
    return Evaluation(asked, tuple(answers), figures, seconds)


def scored(
    session: Session, rows: Sequence[Row], metrics: Sequence[Metric], *, batch_size: int = 32
) -> Evaluation:
    """Measure how likely the targets of rows are, by a session of a score file.

    Raises ModelError as `likelihood_of` does.
    """
    began = time.perf_counter()
    found = likelihood_of(session, rows, batch_size=batch_size)
    seconds = time.perf_counter() - began
    figures = measure(metrics, Evidence(likelihood=found))
    return Evaluation(questions(session.contract, rows), (), figures, seconds)


def likelihood_of(session: Session, rows: Sequence[Row], *, batch_size: int = 32) -> Likelihood:
    """How likely the targets of rows are by a session of a score file.

    Raises:
        ModelError: the session does not take a row; or it gives frames, which have no probability.
    """
    table = session.contract.vocabularies.get("target")
    end = [table.special.eos] if table is not None and session.contract.ends else []
    sources = [{n: value for n, value in row.items() if n != "target"} for row in rows]
    targets = [
        value if isinstance(value, str) else [*value.tolist(), *end]
        for value in (row["target"] for row in rows)
    ]
    found = session.score(sources, targets, batch_size=batch_size)
    places = sum(len(score.token_scores) for score in found)
    return Likelihood(-math.fsum(s for score in found for s in score.token_scores), places)


def evidence(
    contract: Contract,
    asked: Sequence[Question],
    answers: Sequence[Result],
    likelihood: Likelihood | None = None,
) -> Evidence:
    """The answers beside their references, as metrics judge them."""
    table = contract.vocabularies.get("target")
    pairs = list(zip(asked, answers, strict=True))
    if table is None:
        frames = [_frame_sample(question, answer) for question, answer in pairs]
        _check_lengths(asked, frames)
        return Evidence(frames=frames, likelihood=likelihood)
    texts = [
        TextSample(
            answer_text(table, answer), tuple(text_of(table, value) for value in q.references)
        )
        for q, answer in pairs
    ]
    return Evidence(texts, likelihood=likelihood)


def text_of(table: Vocabulary | Ids, value: Value) -> Text:
    """A text or ids as the symbols that a vocabulary parts them into, normalised as it says."""
    if not isinstance(value, str):
        value = " ".join(str(index) for index in value.tolist())
    units = value.split() if isinstance(table, Ids) else table.split(value)
    line = " ".join(units) if isinstance(table, Ids) else table.units.join(units)
    return Text(line, tuple(units))


def answer_text(table: Vocabulary | Ids, answer: Result) -> Text:
    """The best hypothesis as symbols."""
    best = answer.best
    return Text(answer.text or "", tuple(units_of(table, best.tokens, best.own)))


def _frame_sample(question: Question, answer: Result) -> FrameSample:
    (reference,) = question.references
    assert not isinstance(reference, str)
    return FrameSample(answer.best.extras["frames"], reference.astype("float32"))


def _check_lengths(asked: Sequence[Question], samples: Sequence[FrameSample]) -> None:
    problems = [
        f"the answer to row {question.rows[0] + 1} has {len(sample.answer)} frames, "
        f"its reference {len(sample.reference)}"
        for question, sample in zip(asked, samples, strict=True)
        if len(sample.answer) != len(sample.reference)
    ]
    if problems:
        shown = problems[:NAMED_AT_MOST]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        raise MetricError("\n".join([*shown, "Is max_length large enough?"]))
