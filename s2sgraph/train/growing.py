"""Symbols added to the vocabularies of a run, and what its weights are for them at first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2sgraph.graph.values import Weight
from s2sgraph.model.vocabularies import Table, token_sides, vocabularies
from s2sgraph.spec import Problem, Spec
from s2sgraph.text import KINDS, Vocabulary
from s2sgraph.weights import Array, Weights

SHOWN = 10
"""How many of the added symbols a report names."""


def first_symbols(run: Spec) -> dict[str, tuple[str, ...]]:
    """The ordinary symbols of each side of a run that has any, in the order of their ids."""
    tables = vocabularies(run).items()
    return {name: tuple(table.ordinary) for name, table in tables if isinstance(table, Vocabulary)}


def added(spec: Spec, run: Spec, tables: Mapping[str, Table]) -> dict[str, tuple[int, int]]:
    """The ids of the added symbols of each side: from the first to before the last.

    Args:
        spec: as it was given, before its open vocabularies were closed.
        run: the spec of the run that training begins with.
        tables: the vocabularies that training is going to have.

    Raises:
        SpecError: a vocabulary does not begin with that of the run, or none can take symbols.
    """
    theirs, sides = vocabularies(run), token_sides(spec)
    ids: dict[str, tuple[int, int]] = {}
    problems: list[Problem] = []
    for name in sides.keys() & theirs.keys():
        ours, other = tables[name], theirs[name]
        if problem := _other(ours, other):
            hint = "without symbols and file, those of the run come first, by themselves"
            message = f"the vocabulary does not begin with that of the run: {problem}"
            problems.append(Problem(sides[name][1], message, hint))
        ids[name] = (other.size or 0, ours.size or 0)
    counted = any(side.open and side.tokens in KINDS for side, _ in sides.values())
    if not problems and not counted and all(first == last for first, last in ids.values()):
        problems = _closed(spec)
    if problems:
        raise spec.error(problems)
    return {name: ids[name] for name in sides if name in ids}


def _other(ours: Table, theirs: Table) -> str:
    """What keeps a vocabulary from being another one and more; empty if nothing does."""
    if ours.kind != theirs.kind:
        return f"it has {ours.kind}, not {theirs.kind}"
    if ours.special != theirs.special:
        return "the ids of its special symbols are others"
    if (ours.size or 0) < (theirs.size or 0):
        return f"it has {ours.size} symbols, not {theirs.size}"
    if isinstance(ours, Vocabulary) and isinstance(theirs, Vocabulary):
        for index, (own, other) in enumerate(zip(ours.symbols, theirs.symbols, strict=False)):
            if own != other:
                return f"id {index} is {own!r}, not {other!r}"
    return ""


def _closed(spec: Spec) -> list[Problem]:
    """That no vocabulary can take symbols, at each side, and why."""
    given = "the spec gives the vocabulary as that of the run, so nothing can be added"
    learned = "symbols cannot be added to subwords, which were learned all together"
    return [
        Problem(path, learned, "without --add-symbols every line is written in those there are")
        if side.open
        else Problem(path, given, "leave out symbols and file, or list the new ones behind")
        for side, path in token_sides(spec).values()
    ]


def described(name: str, table: Table, first: int, last: int) -> str:
    """What was added to a side, with the first of the symbols, for people."""
    if first == last:
        return f"{name}: no symbols are added to the {first:,} there are"
    symbols = table.named(range(first, min(last, first + SHOWN)))
    more = ", …" if last - first > SHOWN else ""
    number = f"{last - first:,} symbol{'s are' if last - first > 1 else ' is'} added"
    return f"{name}: {number} to {first:,}: {', '.join(map(repr, symbols))}{more}"


def with_rows(weights: Weights, wanted: Mapping[str, Weight]) -> Weights:
    """Weights with rows for added symbols, the mean of all rows there are; others as they are.

    An output weight and its bias `[symbol]` give an added symbol the mean of all old scores. By
    Jensen's inequality the probability of it is at most 1/V of what the V old symbols have, so n
    added symbols take no more than n/(V+n), and the old ones keep their proportions (Hewitt 2021,
    "Initializing New Word Embeddings for Pretrained Language Models").
    """
    return {
        path: _with_rows(array, wanted[path]) if path in wanted else array
        for path, array in weights.items()
    }


def _with_rows(array: Array, weight: Weight) -> Array:
    axis = _symbols(weight)
    if axis is None or array.ndim != len(weight.shape) or not array.shape[axis]:
        return array
    count = weight.shape[axis] - array.shape[axis]
    if count <= 0:
        return array
    mean = array.mean(axis, np.float64, keepdims=True).astype(array.dtype)
    return np.concatenate([array, np.repeat(mean, count, axis)], axis)


def _symbols(weight: Weight) -> int | None:
    """The dimension of a weight that has a place for each symbol of a vocabulary."""
    layout = weight.value.layout or ()
    return layout.index(("symbol",)) if ("symbol",) in layout else None
