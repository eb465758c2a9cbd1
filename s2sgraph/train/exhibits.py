"""Exhibits: what people look at in a run folder - texts, curves, attention and the model card."""

from __future__ import annotations

import time
from pathlib import Path

from s2sgraph.evaluating import Evaluation, questions
from s2sgraph.model import Model
from s2sgraph.pictures import MISSING, can_draw
from s2sgraph.train.attention_pictures import draw_attentions
from s2sgraph.train.card import card
from s2sgraph.train.curves import draw_curves, read_curves
from s2sgraph.train.evaluating import Evaluator
from s2sgraph.train.validations import validation_text

REDRAWN_AFTER = 60.0
"""Seconds between two drawings of the curves while training goes on."""


class Exhibits:
    """The exhibits of one run, each file written whole or not at all.

    Args:
        model: what is trained.
        folder: the run folder.
        evaluator: whose sources are shown; None without development data.
    """

    def __init__(self, model: Model, folder: Path, evaluator: Evaluator | None) -> None:
        self.model, self.folder, self.evaluator = model, folder, evaluator
        self.settings = model.spec.train.evaluate
        self.drawn = float("-inf")

    def validated(self, step: int, found: Evaluation, best_step: int) -> None:
        """After a validation: its text, and the curves if they have not been drawn just now."""
        self._write(f"validations/{step}.txt", validation_text(step, found, self.settings.shown))
        if time.monotonic() - self.drawn >= REDRAWN_AFTER:
            self._curves(best_step)

    def ended(self, best_step: int) -> str:
        """After the last step: curves, attention of the best weights, and the model card.

        It reads the manifest, the log and the best weights of the folder. Returns what a person
        should know: that there are no pictures.
        """
        self._curves(best_step)
        if self.evaluator and self.evaluator.rows and self._draws():
            asked = questions(self.evaluator.session.contract, self.evaluator.rows)
            best = self.folder / "best.safetensors"
            shown = asked[: self.settings.shown]
            draw_attentions(self.model, best, shown, self.folder / "attention")
        self._write("README.md", card(self.model, self.folder))
        return MISSING if self.settings.pictures and not can_draw() else ""

    def _draws(self) -> bool:
        return self.settings.pictures and can_draw()

    def _curves(self, best_step: int) -> None:
        if self._draws() and (self.folder / "log.jsonl").exists():
            draw_curves(
                read_curves(self.folder / "log.jsonl"), self.folder / "curves.png", best_step
            )
            self.drawn = time.monotonic()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
