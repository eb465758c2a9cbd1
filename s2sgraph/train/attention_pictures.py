"""Attention pictures: what the steps of some development answers looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2sgraph.evaluating import Question
from s2sgraph.model import Model
from s2sgraph.model.attending import attentions
from s2sgraph.pictures.attention import draw_attention
from s2sgraph.runtime import Contract, Result, Session
from s2sgraph.text.own import named
from s2sgraph.train.evaluating import ModuleEngine

LONGEST_TITLE = 80


def attention_layers(model: Model) -> dict[str, str]:
    """The attention layers of the decoder: the reference of each one's weights, by its name."""
    return {name: f"{name}.weights" for name in attentions(model.layers.nodes)}


def draw_attentions(
    model: Model, weights: Any, asked: Sequence[Question], folder: Path
) -> list[Path]:
    """Decode some questions, and draw all attention of each answer into `folder`.

    Returns the files; none for a model without attention, or answers without a place.
    """
    layers = attention_layers(model)
    if not layers or not asked:
        return []
    outputs = [*layers.values()]
    session = ModuleEngine(model, weights, outputs).session
    written = []
    answers = session.run([question.item for question in asked])
    for number, (question, answer) in enumerate(zip(asked, answers, strict=True), 1):
        drawn = {name: answer.best.extras[reference] for name, reference in layers.items()}
        if any(not array.size for array in drawn.values()):
            continue
        path = folder / f"{number:03}.png"
        source, title = _source_labels(session, question), _title(question, answer)
        draw_attention(path, drawn, source, _target_labels(session.contract, answer), title)
        written.append(path)
    return written


def _source_labels(session: Session, question: Question) -> list[str]:
    """The symbols of the source; nothing where it is frames, or where there are several."""
    sources = session.contract.sources
    if len(sources) > 1:
        return []
    table = session.contract.vocabularies.get(sources[0].name)
    value = question.item[sources[0].name]
    if table is None:
        return []
    return table.named(table.encode(value) if isinstance(value, str) else value)


def _target_labels(contract: Contract, answer: Result) -> list[str]:
    """The symbols of the answer, its end symbol too; nothing where it is frames."""
    table = contract.vocabularies.get("target")
    return [] if table is None else named(table, answer.tokens, answer.best.own)


def _title(question: Question, answer: Result) -> str:
    if answer.text is None:
        return ""
    sources = [value for value in question.item.values() if isinstance(value, str)]
    text = " → ".join([*sources, answer.text]).replace("$", r"\$")
    return text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]} …"
