"""Vectors of n-grams: their rows by hand, and in decoding those of each beam."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import drawn, expected, model_of, trained
from engines import PREPARED

from s2sgraph.layers.ngrams import Ngrams
from s2sgraph.model import sketch
from s2sgraph.spec import SpecError, loads

SIZE = 11
"""Symbols of both vocabularies, special ones included."""


def model_with(encoder: dict[str, Any], decoder: dict[str, Any], search: Any = "greedy") -> Any:
    """A model with n-grams on both sides, the vectors of both among its outputs."""
    return model_of(
        {
            "source": {"tokens": "ids", "size": SIZE},
            "target": {"tokens": "ids", "size": SIZE},
            "encoder": [
                {"embedding": 4},
                {"ngrams": {"from": "input", "size": 4, **encoder}},
                {"add": ["embedding", "ngrams"]},
                {"gru": {"size": 4, "direction": "both"}},
            ],
            "decoder": [
                {"embedding": 4},
                {"ngrams": {"from": "input", "size": 4, **decoder}},
                {"add": ["embedding", "ngrams"]},
                {"gru": {"name": "state", "size": 8, "start": "encoder.final"}},
                {"attention": {"name": "context", "query": "state", "score": "general"}},
                {"dense": {"from": ["state", "context"], "size": 4}},
                "output",
            ],
            "outputs": ["encoder.ngrams", "ngrams"],
            "search": search,
        }
    )


def rows(symbols: np.ndarray, length: int, base: int, count: int) -> np.ndarray:
    """The rows of the n-grams that end at each place, one by one."""
    found = np.zeros_like(symbols)
    for row, line in enumerate(symbols.tolist()):
        before = [0] * (length - 1) + line
        for place in range(len(line)):
            code = 0
            for symbol in before[place : place + length]:
                code = code * base + symbol
            found[row, place] = code % count
    return found


@pytest.mark.parametrize("engine", PREPARED)
def test_rows_by_hand(engine: str) -> None:
    model = model_with({"length": 2, "rows": 150}, {"length": 3, "rows": 40})
    weights = {path: array.copy() for path, array in trained(model).items()}
    random = np.random.default_rng(1)
    for side, count in (("encoder", 150), ("decoder", 40)):
        table = random.standard_normal((count, 4)).astype(np.float32)
        assert not model.initial()[f"{side}.ngrams.weight"].any()
        weights[f"{side}.ngrams.weight"] = table
    inputs = drawn(model, "teach")
    found = PREPARED[engine](model.trace("teach"), weights)(inputs)
    own = np.arange(inputs["source"].shape[1]) < inputs["source_length"][:, None]
    wanted = weights["encoder.ngrams.weight"][rows(inputs["source"], 2, 12, 150)]
    np.testing.assert_array_equal(found["encoder.ngrams"][own], wanted[own])
    given = np.concatenate([np.ones_like(inputs["target"][:, :1]), inputs["target"][:, :-1]], 1)
    wanted = weights["decoder.ngrams.weight"][rows(given, 3, 3, 40)]
    np.testing.assert_array_equal(found["ngrams"], wanted)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("search", ["greedy", {"kind": "beam", "beams": 3}])
def test_every_beam_has_its_own_ngrams(engine: str, search: Any) -> None:
    """What decoding found has, scored whole, the score that it had when it was found."""
    model = model_with({"rows": 300}, {"length": 3, "rows": 300}, search)
    weights = {path: array.copy() for path, array in trained(model).items()}
    for side in ("encoder", "decoder"):
        table = np.random.default_rng(3).standard_normal((300, 4))
        weights[f"{side}.ngrams.weight"] = 2 * table.astype(np.float32)
    inputs = drawn(model, "decode", rows=12, seed=4)
    found = PREPARED[engine](model.trace("decode"), weights)(inputs)
    assert len({*map(tuple, found["tokens"][:, 0].tolist())}) > 3
    given = {**inputs, "target": found["tokens"][:, 0]}
    scored = expected(model, "score", weights, given, hard=True)
    np.testing.assert_allclose(found["scores"][:, 0], scored["scores"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("length", [2, 3, 5, 14])
@pytest.mark.parametrize("count", [2**30, 10**9, 31**3, 31**3 - 1, 31**3 + 1])
def test_small_symbols_have_rows_of_their_own(length: int, count: int) -> None:
    base = Ngrams(size=1, length=length, rows=count).base
    assert base**length <= count < (base + 1) ** length


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{from: input, length: 3, size: 4, rows: 7}", "write at least 8"),
        ("{from: input, length: 1, size: 4}", "1"),
        ("{from: input, length: 2}", "size"),
        ("{size: 4}", "write from: input"),
    ],
)
def test_mistakes(settings: str, message: str) -> None:
    text = f"""source: {{tokens: ids, size: 11}}
target: {{tokens: ids, size: 11}}
encoder: [{{embedding: 4}}, {{ngrams: {settings}}}, {{gru: 4}}]
decoder: [{{embedding: 4}}, {{gru: {{size: 4, start: encoder.final}}}}, output]
"""
    with pytest.raises(SpecError, match=message) as caught:
        sketch(loads(text)).trace("teach")
    assert "encoder[1].ngrams" in str(caught.value)
