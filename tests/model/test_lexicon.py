"""Lexicons: what they have against a dictionary, and what they lack against a file without one."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from compiled import model_of, trained
from engines import PREPARED

from s2sgraph.exporting import ExportError
from s2sgraph.graph import reference
from s2sgraph.model import Lexicon, Model
from s2sgraph.model.ensemble import Ensemble
from s2sgraph.runtime import Session

LIMIT, EOS = 6, 2
LETTERS = (4, 5, 6)
KINDS = {
    "greedy": {"kind": "greedy"},
    "beam": {"kind": "beam", "beams": 3, "n_best": 2},
    "diverse": {"kind": "diverse", "beams": 4, "groups": 2},
    "sample": {"kind": "sample"},
    "compact": {"kind": "beam", "beams": 2, "compact": True},
}
EVERY = [list(row) for size in range(5) for row in product(LETTERS, repeat=size)]
"""Every source of up to four letters, none of them too; the most are in no lexicon."""


@cache
def model(kind: str, length: str = "free", symbols: bool = False) -> Model:
    side = {"tokens": "ids", "size": 8}
    if symbols:
        side = {"tokens": "characters", "symbols": ["a", "b", "c", "d"]}
    return model_of(
        {
            "source": side,
            "target": {**side, "length": length},
            "encoder": [{"embedding": 6}, {"gru": {"size": 8, "direction": "both"}}],
            "decoder": [
                {"embedding": 6},
                {"attention": {"name": "context", "query": "prev.state"}},
                {"gru": {"name": "state", "from": ["embedding", "context"], "size": 8}},
                "output",
            ],
            "search": {**KINDS[kind], "max_length": LIMIT},
        }
    )


@cache
def weights(kind: str):
    return trained(model(kind), 3)


def inputs(rows, **others):
    source = np.zeros((len(rows), max(map(len, rows), default=0)), int)
    for row, ids in zip(source, rows, strict=True):
        row[: len(ids)] = ids
    own = {"seed": 5, "temperature": -1.0, "top_k": -1, "top_p": -1.0}
    length = np.array([*map(len, rows)], int)
    return {"source": source, "source_length": length, "max_length": -1, **own, **others}


def graph(of: Model, lexicon: Lexicon | None, *asked: str):
    return of.tracing((), ("max_length", *asked), lexicon=lexicon).graph("decode")


def drawn(count: int, seed: int = 0) -> dict[tuple[int, ...], list[int]]:
    """Targets of some of the sources, of 0 to 4 symbols."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(EVERY), count, replace=False)
    return {(*EVERY[i],): random.integers(4, 8, random.integers(0, 5)).tolist() for i in chosen}


def best(found, row: int) -> list[int]:
    return found["tokens"][row, 0, : found["lengths"][row, 0]].tolist()


@pytest.mark.parametrize("count", [1, 2, 40, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_against_a_dictionary(kind: str, count: int) -> None:
    known = drawn(count, count)
    lexicon = Lexicon.of(model(kind), known.items())
    found = reference.run(graph(model(kind), lexicon), weights(kind), inputs(EVERY))
    without = reference.run(graph(model(kind), None), weights(kind), inputs(EVERY))
    for row, source in enumerate(EVERY):
        target = known.get((*source,))
        assert best(found, row) == (best(without, row) if target is None else [*target, EOS])


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("kind", KINDS)
def test_engines_agree(kind: str, engine: str) -> None:
    lexicon = Lexicon.of(model(kind), drawn(50).items())
    given = inputs(EVERY)
    wanted = reference.run(graph(model(kind), lexicon), weights(kind), given)
    found = PREPARED[engine](graph(model(kind), lexicon), weights(kind))(given)
    np.testing.assert_array_equal(found["tokens"], wanted["tokens"])
    np.testing.assert_allclose(found["scores"], wanted["scores"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("engine", PREPARED)
@pytest.mark.parametrize("rows", [[], [[]], [[], [5]], [[4] * 30, [5, 6]]], ids=str)
def test_edges(rows: list[list[int]], engine: str) -> None:
    """No rows, no width, and a source longer than any in the lexicon."""
    lexicon = Lexicon.of(model("beam"), [([5, 6], [7, 7]), ([], [6])])
    found = PREPARED[engine](graph(model("beam"), lexicon), weights("beam"))(inputs(rows))
    wanted = {(5, 6): [7, 7, EOS], (): [6, EOS]}
    assert len(found["tokens"]) == len(rows)
    for row, source in enumerate(rows):
        if (*source,) in wanted:
            assert best(found, row) == wanted[(*source,)]


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_the_score_is_what_the_model_says(kind: str) -> None:
    lexicon = Lexicon.of(model(kind), [([5, 6], [7, 4])])
    given = inputs([[5, 6]])
    found = reference.run(graph(model(kind), lexicon), weights(kind), given)
    target = {"target": np.array([[7, 4, EOS]])}
    wanted = reference.run(model(kind).trace("score"), weights(kind), {**given, **target})
    np.testing.assert_allclose(found["scores"][0, 0], wanted["scores"][0], atol=1e-9)


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_what_a_run_forbids_or_wants_longer(kind: str) -> None:
    lexicon = Lexicon.of(model(kind), [([5], [7])])
    of = graph(model(kind), lexicon, "banned", "min_length")
    given = inputs([[5]], banned=np.array([7, EOS]), min_length=4)
    assert best(reference.run(of, weights(kind), given), 0) == [7, EOS]


@pytest.mark.parametrize("engine", PREPARED)
def test_a_run_says_how_some_rows_start(engine: str) -> None:
    lexicon = Lexicon.of(model("greedy"), [([5], [7, 6, 7]), ([6], [4])])
    of = graph(model("greedy"), lexicon, "prefix")
    run = PREPARED[engine](of, weights("greedy"))
    prefix = np.array([[4, 4, 5, 5, EOS], [0] * 5, [0] * 5, [6, EOS, 0, 0, 0]])
    found = run(inputs([[5], [5], [6], [4, 4]], prefix=prefix))
    wanted = [[4, 4, 5, 5, EOS], [7, 6, 7, EOS], [4, EOS], [6, EOS]]
    assert [best(found, row) for row in range(4)] == wanted
    found = run(inputs([[5], [6]], prefix=np.zeros((2, 0), int)))
    assert [best(found, row) for row in range(2)] == [[7, 6, 7, EOS], [4, EOS]]


def test_a_target_as_long_as_its_source() -> None:
    tagger = model("greedy", "source")
    lexicon = Lexicon.of(tagger, [([5, 6, 4], [7, 7, 6])])
    found = reference.run(graph(tagger, lexicon), trained(tagger, 1), inputs([[5, 6, 4], [5]]))
    assert best(found, 0) == [7, 7, 6]
    assert found["lengths"][1, 0] == 1
    with pytest.raises(ExportError, match="has 2 symbols and then 1, where the model gives one"):
        Lexicon.of(tagger, [([5, 6], [7])])


def test_the_first_line_of_a_source_counts() -> None:
    spelled = model("greedy", symbols=True)
    lines = [("ab", "c"), ("ab", "d"), ("aX", "c"), ("b", "X"), ("c", "dd")]
    lexicon = Lexicon.of(spelled, lines)
    assert (len(lexicon), lexicon.unknown, lexicon.repeated) == (2, 2, 1)
    assert lexicon.digest == Lexicon.of(spelled, [("ab", "c"), ("c", "dd")]).digest
    assert lexicon.digest != Lexicon.of(spelled, [("ab", "c"), ("c", "d")]).digest


def test_ids_that_no_target_has() -> None:
    lines = [([4], [5]), ([5], [5, 0, 5]), ([6], [1]), ([7], [EOS]), ([4, 4], [8]), ([9], [4])]
    lexicon = Lexicon.of(model("greedy"), lines)
    assert (len(lexicon), lexicon.unknown) == (1, 5)


def test_an_ensemble() -> None:
    ensemble = Ensemble([model("beam"), model("beam")])
    together = ensemble.together([weights("beam"), trained(model("beam"), 4)])
    known = drawn(30)
    found = reference.run(
        graph(ensemble, Lexicon.of(ensemble, known.items())), together, inputs(EVERY)
    )
    for row, source in enumerate(EVERY):
        assert (*source,) not in known or best(found, row) == [*known[(*source,)], EOS]


@pytest.mark.parametrize("text", [None, "onnxruntime"])
def test_a_file(text, tmp_path: Path) -> None:
    spelled = model("beam", symbols=True)
    lexicon = Lexicon.of(spelled, [("ab", "cd"), ("d", "a")])
    file = spelled.export(tmp_path / "model.onnx", lexicon=lexicon, text=text)
    session = Session(file, threads=1)
    assert [result.text for result in session.run(["ab", "d"])] == ["cd", "a"]
    assert session.contract.lexicon == 2
    assert session.contract.hashes["lexicon"] == lexicon.digest
    again = spelled.export(tmp_path / "again.onnx", lexicon=lexicon, text=text)
    assert again.read_bytes() == file.read_bytes()
    plain = Session(spelled.export(tmp_path / "plain.onnx", text=text), threads=1)
    assert session.run(["abc"])[0].text == plain.run(["abc"])[0].text
    assert (plain.contract.lexicon, "lexicon" in plain.contract.hashes) == (0, False)


def test_a_lexicon_writes_what_it_has_and_no_shortlist_is_offered() -> None:
    lexicon = Lexicon.of(model("greedy"), [([5], [7])])
    with pytest.raises(ExportError, match="no input 'allowed' to offer"):
        model("greedy").tracing((), ("allowed",), lexicon=lexicon)


def test_models_that_have_no_use_for_one() -> None:
    data = {
        "source": {"features": 2},
        "target": {"tokens": "ids", "size": 8},
        "encoder": [{"gru": 4}],
        "decoder": [{"embedding": 4}, {"gru": {"size": 4, "start": "encoder.final"}}, "output"],
    }
    with pytest.raises(ExportError, match="one source and a target, both of tokens"):
        Lexicon.of(model_of(data), [])
    with pytest.raises(ExportError, match="no line that the model can read and write"):
        Lexicon.of(model("greedy"), [([5], [99])])
    with pytest.raises(ExportError, match="that no run gives the length of"):
        Lexicon.of(model("greedy", "steps"), [([5], [5])])
