"""Engines find the same tokens for real sentences, but where double precision sees a tie."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from beam_by_hand import Settings, beam_search, step_of
from compiled import ROOT, example, expected, model_of, trained
from engines import PREPARED

from s2sgraph.model import compile as compile_model
from s2sgraph.spec.dumping import plain
from s2sgraph.ties import without_ties

SENTENCES = ROOT.parent / "shared" / "data" / "multi30k" / "val.en"
KINDS = ("specs/luong_global", "specs/bahdanau", "specs/transformer", "specs/ssru_student")
LEAVING = {"compact": True, "max_length_ratio": 0.5}
"""Rows leave, since each ends at a limit of its own."""
SEARCHES = {
    "greedy": {"kind": "greedy"},
    "beam": {"kind": "beam", "beams": 4, "n_best": 4},
    "ranked": {
        "kind": "beam",
        "beams": 4,
        "n_best": 2,
        "length_penalty": {"kind": "gnmt", "alpha": 0.6},
    },
    "greedy, compact": {"kind": "greedy", **LEAVING},
    "beam, compact": {"kind": "beam", "beams": 4, "n_best": 4, **LEAVING},
}
OTHERS = {
    "sample": {"kind": "sample", "n_best": 2, "seed": 7},
    "nucleus": {"kind": "sample", "temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 8},
    "diverse": {"kind": "diverse", "beams": 4, "groups": 2, "n_best": 2},
    "sample, compact": {"kind": "sample", "n_best": 2, "seed": 7, **LEAVING},
}
LIMIT = 12
NEAR = 1e-3
"""Ten times the tolerance: decisions as close as this may go either way."""


@cache
def real():
    """500 sentences as ids of their words."""
    if not SENTENCES.exists():
        pytest.skip("there are no sentences in ../shared/data/multi30k/val.en")
    lines = [line.split() for line in SENTENCES.read_text(encoding="utf-8").splitlines()[:500]]
    words = {word: 4 + i for i, word in enumerate(dict.fromkeys(w for ws in lines for w in ws))}
    return [[words[word] for word in line] for line in lines], 4 + len(words)


def synthetic():
    """20 sentences of which a few words are most."""
    random = np.random.default_rng(0)
    return [[*np.minimum(3 + random.zipf(1.3, n), 59)] for n in random.integers(1, 15, 20)], 60


def model_with(name, search, size):
    data = plain(example(name).spec)
    shared = data["target"].get("vocabulary") == "shared"
    side = {"tokens": "ids", "size": size}
    if shared:
        side = {"tokens": "words", "symbols": [f"w{number}" for number in range(4, size)]}
    target = {"tokens": "words", "vocabulary": "shared"} if shared else side
    return model_of({**data, "source": side, "target": target, "search": search})


def settings(search, model, places):
    """The same for the search by hand of a sentence with so many places."""
    special = model.spec.special
    greedy = search["kind"] == "greedy"
    return Settings(
        beams=search.get("beams", 1),
        n_best=search.get("n_best", 1),
        alpha=0.6 if "length_penalty" in search else 0.0,
        offset=5.0 if "length_penalty" in search else 0.0,
        first=greedy,
        limit=min(LIMIT, int(places * search.get("max_length_ratio", LIMIT))),
        pad=special.pad,
        bos=special.bos,
        eos=special.eos,
    )


def check(name, kind, sentences, size):
    """How many sentences differ in each engine; each must be a close call."""
    model = model_with(name, SEARCHES[kind], size)
    weights, inputs = trained(model, 2), batch(sentences)
    wanted = padded(staying(model, weights, inputs)["tokens"])
    assert len(np.unique(wanted[:, 0], axis=0)) > len(sentences) // 8
    counts = {}
    for engine in ("torch", "onnx"):
        found = padded(PREPARED[engine](model.trace("decode"), weights)(inputs)["tokens"])
        rows = np.flatnonzero((found != wanted).any((1, 2)))
        for row in rows:
            step = step_of(model, weights, inputs, row)
            margin = beam_search(
                step, 0, settings(SEARCHES[kind], model, len(sentences[row]))
            ).margin
            assert margin < NEAR, f"{engine}, sentence {row + 1}: the margin is {margin:.2g}"
        counts[engine] = len(rows)
    tell(name, kind, sentences, counts)


def check_others(name, kind, sentences, size):
    """As `check`, where a close call is what the model gives with weights as good as its own."""
    model = model_with(name, OTHERS[kind], size)
    weights, inputs = trained(model, 2), batch(sentences)
    wanted = staying(model, weights, inputs)
    assert len(np.unique(padded(wanted["tokens"])[:, 0], axis=0)) > len(sentences) // 8
    counts = {}
    for engine in ("torch", "onnx"):
        found = PREPARED[engine](model.trace("decode"), weights)(inputs)
        kept, _ = without_ties(model.tracing(), weights, inputs, wanted, found)
        counts[engine] = len(sentences) - len(kept["tokens"])
    tell(name, kind, sentences, counts)


def staying(model, weights, inputs):
    """What the reference gives when no row leaves the batch."""
    without = compile_model(model.spec.set({"search.compact": False}))
    found = expected(without, "decode", weights, inputs)
    if model.spec.search.compact:
        assert len(np.unique(found["lengths"][:, 0])) > 3
    return found


def tell(name, kind, sentences, counts):
    differ = ", ".join(f"{count} in {engine}" for engine, count in counts.items())
    print(f"{name}, {kind}: of {len(sentences)} sentences differ: {differ}, all close calls")
    assert max(counts.values()) <= len(sentences) // 50


def batch(sentences):
    width = max(map(len, sentences))
    return {
        "source": np.array([[*line, *[0] * (width - len(line))] for line in sentences]),
        "source_length": np.array([len(line) for line in sentences]),
        "max_length": np.array(LIMIT),
    }


def padded(tokens):
    """Tokens of all places that there may be."""
    return np.pad(tokens, ((0, 0), (0, 0), (0, LIMIT - tokens.shape[2])))


@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("name", KINDS)
def test_synthetic_sentences(name, kind):
    check(name, kind, *synthetic())


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", KINDS)
def test_synthetic_sentences_of_other_kinds(name, kind):
    check_others(name, kind, *synthetic())


@pytest.mark.long
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", KINDS)
def test_500_real_sentences_of_other_kinds(name, kind):
    check_others(name, kind, *real())


@pytest.mark.long
@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("name", KINDS)
def test_500_real_sentences(name, kind):
    check(name, kind, *real())
