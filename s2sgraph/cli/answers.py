"""What `run` writes for a line: its hypotheses as columns, or as a JSON object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from s2sgraph.data import Line
    from s2sgraph.runtime import Contract, Hypothesis, Result


@dataclass(frozen=True)
class Answers:
    """How answers are written.

    Attributes:
        as_json: one object for each line.
        scores: with the score of each hypothesis.
        aligned: with the alignment of each hypothesis by this output of the file.
    """

    as_json: bool
    scores: bool
    aligned: str | None

    def written(self, line: Line, answer: Result | None) -> str:
        """One line for a line; empty, or without hypotheses, for one that was empty."""
        return self._object(line, answer) if self.as_json else self._columns(answer)

    def _columns(self, answer: Result | None) -> str:
        columns = []
        for hypothesis in answer or ():
            columns += [f"{hypothesis.score:.4f}"] * self.scores + [_words(hypothesis)]
            if self.aligned is not None:
                columns.append(" ".join(f"{s}-{t}" for s, t in self._alignment(hypothesis)))
        return "\t".join(columns)

    def _object(self, line: Line, answer: Result | None) -> str:
        hypotheses = [
            {
                "text": hypothesis.text,
                "tokens": list(hypothesis.tokens),
                # JSON has no NaN, which stands for a file without scores.
                "score": hypothesis.score if hypothesis.score == hypothesis.score else None,
                **({"alignment": self._alignment(hypothesis)} if self.aligned else {}),
                **{name: value.tolist() for name, value in hypothesis.extras.items()},
            }
            for hypothesis in answer or ()
        ]
        return json.dumps({"line": line.number, "hypotheses": hypotheses}, ensure_ascii=False)

    def _alignment(self, hypothesis: Hypothesis) -> list[tuple[int, int]]:
        from s2sgraph.runtime.alignments import alignment, attention

        assert self.aligned is not None
        return alignment(attention(hypothesis, self.aligned))


def aligned_by(contract: Contract, option: str) -> str:
    """The output that an alignment is taken from: the last attention that the file gives."""
    from s2sgraph.runtime.alignments import attention_outputs

    found = attention_outputs(contract)
    if not found:
        hint = "the file gives no attention; export it with --outputs attention"
        raise typer.BadParameter(hint, param_hint=option)
    return found[-1].name


def draw(contract: Contract, line: Line, answer: Result, path: Path) -> None:
    """Draw the attention of a line's best hypothesis."""
    from s2sgraph.runtime.alignments import attention, attention_outputs
    from s2sgraph.text.own import named

    try:
        from s2sgraph.pictures.attention import draw_attention

        names = [output.name for output in attention_outputs(contract)]
        source = contract.table(contract.sources[0])
        target = contract.vocabularies.get("target")
        draw_attention(
            path,
            {name: attention(answer.best, name) for name in names},
            [] if source is None else source.named(source.encode(line.text)),
            [] if target is None else named(target, answer.tokens, answer.best.own),
        )
    except ImportError:
        hint = "pictures need matplotlib: pip install 's2sgraph[plot]'"
        raise typer.BadParameter(hint, param_hint="--attention") from None


def _words(hypothesis: Hypothesis) -> str:
    """The text of a hypothesis on one line; ids or frames where there is no text."""
    if hypothesis.text is not None:
        # What the model writes must not break the line, nor the columns.
        return hypothesis.text.translate({10: " ", 13: " ", 9: " "})
    if "frames" in hypothesis.extras:
        return json.dumps(hypothesis.extras["frames"].tolist())
    return " ".join(map(str, hypothesis.tokens))
