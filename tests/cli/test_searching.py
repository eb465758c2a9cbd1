"""Options of `run` that steer the search, on files that declare their inputs."""

from pathlib import Path
from typing import Any

import pytest
from compiled import closed, model_of, smaller, trained

from s2sgraph.spec import load
from s2sgraph.spec.dumping import plain

SPECS = Path(__file__).parent.parent.parent / "specs"


def exported(folder: Path, name: str, search: dict[str, Any], inputs: list[str]) -> Path:
    data = closed(plain(load(SPECS / "bahdanau.yaml")))
    data = {**data, **{key: smaller(data[key]) for key in data if "coder" in key}, "search": search}
    model = model_of(data)
    path = folder / f"{name}.onnx"
    return model.export(path, trained(model), inputs=inputs, outputs=["context.weights"])


@pytest.fixture(scope="module")
def beam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that searches with beams."""
    search = {"kind": "beam", "beams": 3, "max_length": 7}
    inputs = ["max_length", "beams", "n_best", "prefix", "banned"]
    return exported(tmp_path_factory.mktemp("files"), "beam", search, inputs)


@pytest.fixture(scope="module")
def sampling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that draws its results."""
    search = {"kind": "sample", "max_length": 7}
    return exported(tmp_path_factory.mktemp("files"), "sample", search, ["seed", "n_best"])


LINES = b"s1 s2 s3\n\ns8\ns4 s5 s4 s6\n"


def test_n_best_are_columns(cli: Any, beam: Path) -> None:
    done = cli("run", beam, "--beams", 4, "--n-best", 3, stdin=LINES)
    assert done.code == 0, done.err
    assert [line.count("\t") for line in done.out.splitlines()] == [2, 0, 2, 2]
    best = cli("run", beam, "--beams", 4, stdin=LINES).out.splitlines()
    assert [line.split("\t")[0] for line in done.out.splitlines()] == best


def test_more_beams_find_no_less(cli: Any, beam: Path) -> None:
    def scores(beams: int) -> list[float]:
        lines = cli("run", beam, "--scores", "--beams", beams, stdin=LINES).out.splitlines()
        return [float(line.split("\t")[0]) for line in lines if line]

    one, six = scores(1), scores(6)
    assert sum(six) > sum(one)


def test_every_result_starts_with_the_prefix(cli: Any, beam: Path) -> None:
    done = cli("run", beam, "--prefix", "s7 s2", stdin=LINES)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line[:5] for line in lines] == ["s7 s2", "", "s7 s2", "s7 s2"]
    assert cli("run", beam, "--prefix", "", stdin=LINES).out == cli("run", beam, stdin=LINES).out


def test_what_is_banned_is_in_no_result(cli: Any, beam: Path) -> None:
    words = set(cli("run", beam, stdin=LINES).out.split())
    banned = sorted(words)[:2]
    options = [word for symbol in banned for word in ("--ban", symbol)]
    done = cli("run", beam, *options, stdin=LINES)
    assert done.code == 0, done.err
    assert not {*done.out.split()} & {*banned}
    assert cli("run", beam, "--ban", "<unk>", stdin=LINES).code == 0


def test_a_seed_repeats(cli: Any, sampling: Path) -> None:
    first = cli("run", sampling, "--sample", "--seed", 5, stdin=LINES)
    assert first.code == 0, first.err
    assert cli("run", sampling, "--seed", 5, "--batch", 1, stdin=LINES).out == first.out
    assert cli("run", sampling, "--seed", 6, stdin=LINES).out != first.out
    assert len(first.out.split("\n")) == 5


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--seed", "1"], "no input 'seed'; export it with --inputs seed"),
        (["--sample"], "the file's search is beam; export it with --set search.kind=sample"),
        (["--beams", "0"], "--beams"),
        (["--prefix", "s7 xx"], "'s7 xx' has what is no symbol of the file, after 's7'"),
        (["--ban", "s77"], "'s77' is no symbol of the file; did you mean 's7'?"),
        (["--ban", ""], "'' is no symbol of the file"),
    ],
)
def test_what_the_file_cannot_do(cli: Any, beam: Path, options: list[str], hint: str) -> None:
    done = cli("run", beam, *options, stdin=LINES)
    assert (done.code, hint in done.err, done.out) == (2, True, ""), done.err


@pytest.mark.parametrize(
    "options", [["--beams", "2"], ["--n-best", "2"], ["--prefix", "a"], ["--ban", "a"]]
)
def test_a_file_without_inputs(cli: Any, model_file: Path, options: list[str]) -> None:
    done = cli("run", model_file, *options, stdin=b"ab\n")
    assert (done.code, "export it with --inputs" in done.err) == (2, True), done.err
