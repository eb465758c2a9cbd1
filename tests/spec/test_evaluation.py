"""Settings of evaluation."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from s2sgraph.metrics.bleu import Bleu
from s2sgraph.metrics.wer import WordErrorRate
from s2sgraph.spec import json_schema, kinds
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.evaluation import Evaluate
from s2sgraph.spec.messages import problems_of
from s2sgraph.spec.training import Train

DOCS = Path(__file__).parent.parent.parent / "docs"
TEXT = (DOCS / "spec.md").read_text()


def problems(**settings: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Train.model_validate(settings)
    found = problems_of(caught.value)
    return [f"{'.'.join(map(str, p.path))}: {p.message}; {p.hint}" for p in found]


def test_metrics_are_words_or_settings() -> None:
    given = {"metrics": ["wer", {"kind": "bleu", "lowercase": True, "name": "lower"}]}
    found = Evaluate.model_validate(given)
    assert found.metrics == (WordErrorRate(), Bleu(lowercase=True, name="lower"))
    assert plain(found) == given
    assert Evaluate.model_validate(plain(found, full=True)) == found


def test_mistakes_are_at_their_place() -> None:
    found = problems(evaluate={"metrics": ["weer", {"kind": "bleu", "lower": True}], "sentence": 3})
    assert found[0].startswith("evaluate.sentence: unknown key 'sentence'; did you mean sentences?")
    assert found[1:3] == [
        "evaluate.metrics.0: no kind of metric is called 'weer'; did you mean wer?",
        "evaluate.metrics.1.lower: unknown key 'lower'; did you mean lowercase?",
    ]


def test_the_best_is_chosen_by_a_figure_there_is() -> None:
    Train.model_validate({"best_by": "cer"})
    named = {"metrics": [{"kind": "bleu", "name": "lower"}]}
    Train.model_validate({"best_by": "lower", "evaluate": named})
    assert problems(best_by="bluu") == ["best_by: no metric is called bluu; did you mean bleu?"]
    assert problems(best_by="wer", evaluate={"sentences": 0}) == [
        "best_by: wer needs sentences that are decoded, and there are none; "
        "write evaluate: {sentences: 500}"
    ]


def test_every_metric_is_described() -> None:
    for word, kind in kinds("metric").items():
        assert kind.__doc__
        assert f"`{word}`" in (DOCS / "evaluation.md").read_text()
        for name in {word, *kind.keys()}:
            assert re.search(rf"\b{name}\b", TEXT), f"metric {word}: {name}"
        described = " ".join(parent.__doc__ or "" for parent in kind.__mro__)
        for name in kind.model_fields:
            assert name in described, f"{word} does not say what {name} is"
    for key in Evaluate.keys():  # noqa: SIM118
        assert re.search(rf"\b{key}\b", TEXT), key


def test_the_schema_knows_metrics() -> None:
    validator = Draft202012Validator(json_schema())
    good: dict[str, Any] = {
        "source": {"tokens": "words"},
        "target": {"tokens": "words"},
        "encoder": [{"embedding": 8}],
        "decoder": [{"embedding": 8}, "output"],
    }
    metrics = ["wer", {"kind": "bleu", "tokenize": "13a"}]
    validator.validate({**good, "train": {"evaluate": {"metrics": metrics}}})
    for wrong in ("weer", {"kind": "bleu", "tokenize": "14a"}, {"kind": "wer", "lowercase": True}):
        assert not validator.is_valid({**good, "train": {"evaluate": {"metrics": [wrong]}}})
