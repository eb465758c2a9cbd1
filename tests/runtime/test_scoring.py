"""How likely given targets are, by a file of the graph score."""

from pathlib import Path

import numpy as np
import pytest
from compiled import example, trained

from s2sgraph import Session
from s2sgraph.runtime import ModelError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """Files of one model that searches and scores, and of a tagger, which has no end symbol."""
    folder: Path = tmp_path_factory.mktemp("files")
    found = {}
    for name, graph in [("dates", "score"), ("dates", "decode"), ("tagger", "score")]:
        model = example(f"specs/{name}")
        path = model.export(folder / f"{name}.{graph}.onnx", trained(model), graph=graph)
        found[f"{name} {graph}"] = Session(path, threads=1)
    return found


def test_the_score_of_what_was_found_is_the_score_of_the_search(files: dict[str, Session]) -> None:
    lines = ["s0 s1 s2", "s3", "s8 s7 s6 s5", "s1 s1"]
    results = files["dates decode"].run(lines, max_length=6)
    found = files["dates score"].score(lines, [r.tokens for r in results], batch_size=3)
    assert [score.tokens for score in found] == [r.tokens for r in results]
    for score, result in zip(found, results, strict=True):
        assert score.score == pytest.approx(result.score, abs=1e-4)
        assert sum(score.token_scores) == pytest.approx(score.score, abs=1e-4)
        assert len(score.token_scores) == len(score.tokens)


def test_lines_end_with_the_end_symbol_where_targets_do(files: dict[str, Session]) -> None:
    session = files["dates score"]
    target = session.contract.vocabularies["target"]
    assert target is not None
    (by_line,) = session.score(["s0 s1"], ["s2 xx"])
    ids = [*target.encode("s2 xx"), target.special.eos]
    (by_ids,) = session.score([np.array([4, 5])], [ids])
    assert by_line == by_ids
    assert by_line.tokens == tuple(ids)
    (tags,) = files["tagger score"].score(["s0 s1"], ["s2 s3"])
    assert tags.tokens == (6, 7)


def test_nothing_to_score(files: dict[str, Session]) -> None:
    assert files["dates score"].score([], []) == []
    (end,) = files["dates score"].score([""], [""])
    assert len(end.tokens) == 1


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        (["s0"], [], "1 sources, but 0 targets; expected pairs"),
        ("s0", "s1", r"one text; expected lists: score\(\[source\], \[target\]\)"),
        (["s0"], [[99]], "99 at row 0, column 0|target: row 0: 99"),
        (["s0"], [None], "target: row 0"),
    ],
)
def test_what_cannot_be_scored(
    files: dict[str, Session], sources: list[str], targets: list[object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        files["dates score"].score(sources, targets)  # type: ignore[arg-type]


def test_other_files_do_not_score(files: dict[str, Session]) -> None:
    with pytest.raises(ModelError, match="holds the graph 'decode', not 'score'"):
        files["dates decode"].score(["s0"], ["s1"])
