"""How likely given targets are: what a score file gives, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sgraph.runtime.checks import Arrays
from s2sgraph.runtime.contract import Contract
from s2sgraph.runtime.errors import ModelError
from s2sgraph.runtime.items import Item, own_words
from s2sgraph.text.own import encode


@dataclass(frozen=True)
class Score:
    """How likely one target is.

    `tokens` are the ids that were scored, the end symbol included; `token_scores` the
    log-probability of each, and `score` their sum.
    """

    tokens: tuple[int, ...]
    token_scores: tuple[float, ...]
    score: float


def pairs(contract: Contract, sources: Sequence[Item], targets: Sequence[Any]) -> list[Item]:
    """Sources with their targets, which end with the end symbol if they are lines.

    Raises ModelError.
    """
    if isinstance(sources, str | bytes) or isinstance(targets, str | bytes):
        raise ModelError("one text; expected lists: score([source], [target])")
    if len(sources) != len(targets):
        raise ModelError(f"{len(sources)} sources, but {len(targets)} targets; expected pairs")
    name = contract.sources[0].source
    table = contract.vocabularies.get("target")
    paired: list[Item] = []
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        given = dict(source) if isinstance(source, dict) else {name: source}
        if isinstance(target, str) and table is not None:
            try:
                own = own_words(contract, source)
                ids = encode(table, target, own) if own else table.encode(target)
            except ValueError as error:
                raise ModelError(f"target: row {row}: {error}") from None
            ids = ids[:-1] if table.end and not own else ids
            target = [*ids, table.special.eos] if contract.ends else ids
        paired.append({**given, "target": target})
    return paired


def scores(arrays: Arrays, outputs: Arrays, lengths: Sequence[int]) -> list[Score]:
    """The rows of a run of a score file."""
    return [
        Score(
            tuple(arrays["target"][row, :length].tolist()),
            tuple(outputs["token_scores"][row, :length].astype(np.float64).tolist()),
            float(outputs["scores"][row]),
        )
        for row, length in enumerate(lengths)
    ]
