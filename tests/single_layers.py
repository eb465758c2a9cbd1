"""Models around one layer, so that its values can be compared with a formula written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from compiled import Arrays, assert_agree, expected, model_of, trained
from engines import PREPARED

from s2sgraph.model import Model

LENGTHS = np.array([5, 2, 0, 1])
"""Rows of every kind: full, ragged, empty, and of one place."""


def in_encoder(layer: Any, *, features: int = 3, wanted: tuple[str, ...] = ("encoder.x",)) -> Model:
    """A model whose encoder is one layer called x, on features."""
    [(word, settings)] = layer.items()
    return model_of(
        {
            "source": {"features": features},
            "target": {"features": 1},
            "encoder": [{word: {"name": "x", **settings}}],
            "decoder": [{"dense": {"from": ["input", "encoder.mean"], "size": 2}}, "output"],
            "outputs": [*wanted],
        }
    )


def in_decoder(
    items: list[Any],
    *,
    wanted: tuple[str, ...],
    features: int = 4,
    source: int = 3,
    encoder: list[Any] | None = None,
) -> Model:
    """A model whose decoder is these items on frames; its memory is the source itself."""
    return model_of(
        {
            "source": {"features": source},
            "target": {"features": features},
            "encoder": encoder or [{"concat": {"name": "given", "from": "input"}}],
            "decoder": [*items, "output"],
            "outputs": [*wanted],
        }
    )


def inputs_of(model: Model, *, time: int = 4, width: int = 5, seed: int = 0) -> Arrays:
    """Sources of the lengths above, and targets."""
    random = np.random.default_rng(seed)
    rows = len(LENGTHS)
    source, target = model.spec.source.features, model.spec.target.features  # type: ignore[union-attr]
    return {
        "source": random.standard_normal((rows, width, source)).astype(np.float32),
        "source_length": LENGTHS,
        "target": random.standard_normal((rows, time, target)).astype(np.float32),
    }


OWN = np.arange(5) < LENGTHS[:, None]
"""The places of each row that are not padding."""


def assert_everywhere(
    model: Model, weights: Arrays, inputs: Arrays, hand: Arrays, *, behind: bool = True
) -> None:
    """The values by hand are those of the reference, and of every engine.

    Without `behind`, values of an encoder are compared at each row's own places only.
    """

    def own(found: Arrays) -> Arrays:
        return {
            name: np.where(OWN[..., None], array, 0).astype(array.dtype)
            if name.startswith("encoder.") and not behind
            else array
            for name, array in found.items()
        }

    wanted, hand = own(expected(model, "teach", weights, inputs)), own(hand)
    for name, array in hand.items():
        assert wanted[name].shape == np.shape(array), name
        np.testing.assert_allclose(wanted[name], array, rtol=1e-6, atol=1e-7, err_msg=name)
    for engine, prepare in PREPARED.items():
        try:
            assert_agree(own(prepare(model.trace("teach"), weights)(inputs)), wanted)
        except AssertionError as error:
            raise AssertionError(f"{engine}: {error}") from None


def doubles(model: Model, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Weights, and the same in double precision."""
    weights = trained(model, seed)
    return weights, {path: array.astype(np.float64) for path, array in weights.items()}


def given(inputs: Arrays) -> Any:
    """The source as the encoder sees it: zero where it is padding."""
    return np.where(OWN[..., None], inputs["source"], 0).astype(np.float64)


def before(target: Any) -> Any:
    """What the decoder reads at each step: the frame before, zeros at first."""
    return np.concatenate([np.zeros_like(target[:, :1]), target[:, :-1]], 1).astype(np.float64)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def normed(x: Any, scale: Any, bias: Any) -> Any:
    """Layer normalisation."""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + bias
