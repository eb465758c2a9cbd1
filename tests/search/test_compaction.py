"""Searches that finished rows leave, against the same ones in which they stay."""

from __future__ import annotations

import pytest
from engines import FAST, PREPARED
from long_cases import long_but
from table_models import TableModel, assert_same

from s2sgraph.search.beam import Beam
from s2sgraph.search.diverse import Diverse
from s2sgraph.search.greedy import Greedy
from s2sgraph.search.sample import Sample

GNMT = {"kind": "gnmt", "alpha": 0.8}
KINDS = {
    "greedy": Greedy(),
    "greedy, settings": Greedy(min_length=3, no_repeat_ngram=2, repetition_penalty=1.4),
    "beam": Beam(beams=4, n_best=3),
    "beam, first": Beam(beams=3, n_best=2, stop="first", length_penalty="average"),
    "beam, settings": Beam(
        beams=4,
        n_best=2,
        length_penalty=GNMT,
        coverage_penalty=0.4,
        min_length=2,
        no_repeat_ngram=2,
        repetition_penalty=1.3,
    ),
    "diverse": Diverse(beams=4, groups=2, n_best=2, strength=0.7),
    "sample": Sample(n_best=3, seed=5),
    "sample, settings": Sample(n_best=2, temperature=1.4, top_k=4, top_p=0.9, seed=1),
}


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_given_the_same(kind, limited):
    search = KINDS[kind]
    for seed in range(6):
        model = TableModel.drawn(seed, rows=9, limit=8)
        found = model.found(search.model_copy(update={"compact": True}), limited=limited)
        assert_same(found, model.found(search, limited=limited))


@pytest.mark.parametrize("engine", long_but(FAST, PREPARED))
@pytest.mark.parametrize("kind", KINDS)
def test_engines_agree(kind, engine):
    search = KINDS[kind].model_copy(update={"compact": True})
    for rows, limit in ((9, 8), (1, 8), (4, 0), (4, 1)):
        model = TableModel.drawn(3, rows=rows, limit=limit)
        assert_same(model.found(search, engine=engine), model.found(search))
