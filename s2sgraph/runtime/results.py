"""What a run gives back for each input: hypotheses, best first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.runtime.contract import Contract
from s2sgraph.runtime.errors import ModelError
from s2sgraph.text import Ids, Vocabulary
from s2sgraph.text.own import decode


@dataclass(frozen=True)
class Hypothesis:
    """One output sequence.

    `tokens` are the ids, with the end symbol if it was reached; empty for feature targets.
    `text` is None where the file has no symbols. `score` is the sum of log-probabilities, NaN
    where the file gives none. `extras` has the further outputs by name, cut to this sequence:
    `frames` float32[length, feature], `token_scores` float32[length], `attention`
    float32[length, source]. `own` are the words of the source that ids beyond the vocabulary
    stand for, where the model copies.
    """

    tokens: tuple[int, ...]
    text: str | None
    score: float
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The hypotheses for one input, best first; at least one."""

    hypotheses: tuple[Hypothesis, ...]

    @property
    def best(self) -> Hypothesis:
        """The first hypothesis."""
        return self.hypotheses[0]

    @property
    def text(self) -> str | None:
        """The text of the best hypothesis."""
        return self.best.text

    @property
    def tokens(self) -> tuple[int, ...]:
        """The ids of the best hypothesis."""
        return self.best.tokens

    @property
    def score(self) -> float:
        """The score of the best hypothesis."""
        return self.best.score

    def __iter__(self) -> Iterator[Hypothesis]:
        return iter(self.hypotheses)

    def __len__(self) -> int:
        return len(self.hypotheses)

    def __getitem__(self, rank: int) -> Hypothesis:
        return self.hypotheses[rank]


def results(
    contract: Contract,
    outputs: Mapping[str, NDArray[Any]],
    source_lengths: Mapping[str, list[int]],
    words: Sequence[tuple[str, ...]] | None = None,
) -> list[Result]:
    """The rows of a run's outputs as results.

    `source_lengths` has, for each source axis, the own length of every row: extra outputs are cut
    to it. `words` are the words of every row's own, if the file copies. A place of the n best that
    no hypothesis has taken has a score of minus infinity.
    """
    lengths = outputs["lengths"]
    scores = outputs.get("scores", np.full(lengths.shape, np.nan, np.float32))
    found = []
    for row in range(lengths.shape[0]):
        taken = [
            rank for rank in range(lengths.shape[1]) if rank == 0 or scores[row, rank] != -np.inf
        ]
        own = {axis: numbers[row] for axis, numbers in source_lengths.items()}
        line = None if words is None else words[row]
        found.append(
            Result(tuple(_hypothesis(contract, outputs, row, rank, own, line) for rank in taken))
        )
    return found


def _hypothesis(
    contract: Contract,
    outputs: Mapping[str, NDArray[Any]],
    row: int,
    rank: int,
    own: Mapping[str, int],
    words: tuple[str, ...] | None,
) -> Hypothesis:
    # Where a file always has one hypothesis, the axis n_best is the number 1 and has no name.
    leadings = next(output.axes for output in contract.outputs if output.name == "lengths")
    sizes = {**own, "length": int(outputs["lengths"][row, rank])}
    extras: dict[str, NDArray[Any]] = {}
    for output in contract.outputs:
        if output.name in ("tokens", "lengths", "scores", "text"):
            continue
        value = outputs[output.name]
        axes = list(output.axes)
        for leading, index in zip(leadings, (row, rank), strict=True):
            if axes[:1] == [leading]:
                value, axes = value[index], axes[1:]
        # A size is cut only where the row has its own; other axes stay whole.
        extras[output.name] = value[tuple(slice(sizes.get(str(axis))) for axis in axes)]
    tokens: tuple[int, ...] = ()
    text = None
    if "tokens" in outputs:
        tokens = tuple(outputs["tokens"][row, rank, : sizes["length"]].tolist())
        if "text" in outputs:
            text = str(outputs["text"][row, rank])
        else:
            text = _text(contract.vocabularies.get("target"), tokens, words)
    score = float(outputs["scores"][row, rank]) if "scores" in outputs else float("nan")
    return Hypothesis(tokens, text, score, extras, words or ())


def _text(
    vocabulary: Vocabulary | Ids | None, tokens: tuple[int, ...], words: tuple[str, ...] | None
) -> str | None:
    if vocabulary is None:
        return None
    try:
        return vocabulary.decode(tokens) if words is None else decode(vocabulary, tokens, words)
    except ValueError as error:
        raise ModelError(f"the file's symbols do not fit its tokens: {error}") from None
