"""From rows to the tensors of a batch."""

import numpy as np
import torch

from s2sgraph.model import compile
from s2sgraph.spec import loads
from s2sgraph.train.feeding import Feeder

TEXT = """
special: {pad: 3, unk: 0}
source: {tokens: characters, symbols: [a, b]}
target: {tokens: characters, symbols: [a, b]}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
"""

FRAMES = """
source: {features: 2, static: {features: 3}}
target: {features: 1}
steps: {wind_static: {features: 2}}
encoder: [gru: 4]
decoder: [gru: {from: [input, wind_static], size: 4, start: encoder.final}, output]
"""


def test_ids_are_padded_to_one_width() -> None:
    model = compile(loads(TEXT))
    rows = [
        {"source": np.array([4, 5], np.int32), "target": np.array([4, 2], np.int32)},
        {"source": np.zeros(0, np.int32), "target": np.array([5, 5, 2], np.int32)},
    ]
    batch = Feeder(model)(rows)
    assert batch.target.tolist() == [[4, 2, 3], [5, 5, 2]]
    assert batch.lengths.tolist() == [2, 3]
    assert batch.target.dtype == batch.lengths.dtype == torch.int64
    by_name = dict(zip([given.name for given in model.inputs("teach")], batch.inputs, strict=True))
    assert by_name["source"].tolist() == [[4, 5], [3, 3]]
    assert by_name["source_length"].tolist() == [2, 0]
    # They are what the module takes.
    assert model.to_torch(seed=0)(*batch.inputs).shape == (2, 3, model.symbols["target"])


def test_values_of_a_row_are_told_by_the_spec_and_not_by_their_name() -> None:
    model = compile(loads(FRAMES))
    rows = [
        {
            "source": np.ones((length, 2), np.float32),
            "source_static": np.arange(3, dtype=np.float32),
            "target": np.ones((length, 1), np.float32),
            "wind_static": np.ones((length, 2), np.float32),
        }
        for length in (2, 4)
    ]
    batch = Feeder(model)(rows)
    by_name = dict(zip([given.name for given in model.inputs("teach")], batch.inputs, strict=True))
    assert by_name["source_static"].tolist() == [[0, 1, 2]] * 2
    assert by_name["wind_static"].shape == (2, 4, 2)
    assert by_name["wind_static"][0, 2:].abs().sum() == 0
    assert batch.target.shape == (2, 4, 1)


def test_links_share_the_places_of_the_target() -> None:
    """In the second row one place of the target has two of the source; the third row has none."""
    model = compile(loads(TEXT))
    rows = [
        {
            "source": np.array([4, 5, 4], np.int32),
            "target": np.array([4, 5, 2], np.int32),
            "alignments": np.array(links, np.int32),
        }
        for links in ([2, 0, 0, 1], [1, 1, 0, 0, 2, 1], [])
    ]
    batch = Feeder(model)(rows)
    assert batch.links is not None
    assert batch.links.places.tolist() == [[0, 0, 2], [0, 1, 0], [1, 1, 1], [1, 0, 0], [1, 1, 2]]
    assert batch.links.shares.tolist() == [1, 1, 0.5, 1, 0.5]
    nothing = Feeder(model)(rows[2:]).links
    assert nothing is not None
    assert (nothing.places.shape, nothing.shares.shape) == ((0, 3), (0,))
