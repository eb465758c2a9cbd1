"""Figures of frames and of likelihoods, and which figures a target has."""

import math
from typing import Any

import numpy as np
import pytest

from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.measuring import DEFAULTS, Evidence, check, default_metrics, measure
from s2sgraph.metrics.samples import FrameSample, Likelihood
from s2sgraph.spec.kinds import choose


def chosen(*words: str | dict[str, Any]) -> list[Any]:
    return [choose("metric", word) for word in words]


def frames(*rows: tuple[list[list[float]], list[list[float]]]) -> Evidence:
    arrays = [[np.array(side, np.float32).reshape(-1, 2) for side in row] for row in rows]
    return Evidence(frames=[FrameSample(*row) for row in arrays])


def test_errors_of_frames_are_means_over_all_numbers() -> None:
    found = measure(
        chosen("mse", "mae"),
        frames(([[1, 2], [3, 4]], [[1, 0], [3, 7]]), ([[5, 5]], [[4, 5]]), ([], [])),
    )
    # Errors 0 2 0 -3 and 1 0, over six numbers.
    assert found["mse"].value == pytest.approx((4 + 9 + 1) / 6)
    assert found["mae"].value == pytest.approx((2 + 3 + 1) / 6)
    assert found["mse"].counted == "6 numbers"


def test_frames_of_other_lengths_are_no_sample() -> None:
    with pytest.raises(ValueError, match=r"an answer of shape \[1, 2\]; its reference: \[2, 2\]"):
        measure(chosen("mse"), frames(([[1, 2]], [[1, 2], [3, 4]])))


def test_likelihoods() -> None:
    found = measure(
        chosen("loss", "perplexity"), Evidence(likelihood=Likelihood(math.log(8) * 5, 5))
    )
    assert found["loss"].value == pytest.approx(math.log(8))
    assert found["perplexity"].value == pytest.approx(8.0)
    assert (found["perplexity"].shown, found["perplexity"].counted) == ("8", "5 places")
    endless = measure(chosen("perplexity"), Evidence(likelihood=Likelihood(1e6, 5)))
    assert endless["perplexity"].value == math.inf


def test_what_was_not_scored_has_no_likelihood() -> None:
    with pytest.raises(MetricError, match="perplexity: nothing was scored"):
        measure(chosen("perplexity"), Evidence())


@pytest.mark.parametrize("target", DEFAULTS)
def test_defaults_fit_their_target(target: str) -> None:
    metrics = default_metrics(target)
    assert [metric.word for metric in metrics] == list(DEFAULTS[target])
    check(metrics, target)


def test_every_misfit_is_named_at_once() -> None:
    with pytest.raises(MetricError) as caught:
        check(chosen("mse", "bleu", {"kind": "bleu", "lowercase": True}, "mae", "loss"), "words")
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["mse", "mae", "bleu"]
    assert "expected others, such as sequence_accuracy, wer, bleu" in lines[0]
    assert "2 metrics have this name; give one of them another with `name`" in lines[2]
    check(chosen("bleu", {"kind": "bleu", "lowercase": True, "name": "bleu_lc"}), "words")
    with pytest.raises(MetricError, match=r"wer: .*\n.*perplexity: "):
        check(chosen("wer", "perplexity", "loss"), "frames")
