"""Several files of one export: all of them, verified, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiled import example, trained

from s2sgraph import Session
from s2sgraph.exporting import ExportError
from s2sgraph.runtime import ModelError

GRAPHS = ("decode", "score", "encode", "step")


@pytest.fixture(scope="module")
def model():
    return example("specs/dates")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_files_of_all_graphs_share_their_weights(model, tmp_path):
    files = model.export_together(tmp_path / "new", trained(model))
    assert {graph: path.name for graph, path in files.items()} == {g: f"{g}.onnx" for g in GRAPHS}
    assert names(tmp_path / "new") == sorted(["weights.bin", *(f"{g}.onnx" for g in GRAPHS)])
    (result,) = Session(files["decode"]).run(["s0 s1 s2"], max_length=5)
    (score,) = Session(files["score"]).score(["s0 s1 s2"], [result.tokens])
    assert score.score == pytest.approx(result.score, abs=1e-4)


def test_one_file_may_have_its_weights_beside_it(model, tmp_path):
    weights = trained(model)
    beside = model.export(tmp_path / "large.onnx", weights, external=True)
    assert names(tmp_path) == ["large.onnx", "large.weights.bin"]
    inside = model.export(tmp_path / "small.onnx", weights)
    expected, found = (Session(file).run(["s0 s1", "s8"]) for file in (inside, beside))
    assert [r.tokens for r in found] == [r.tokens for r in expected]
    assert beside.stat().st_size < inside.stat().st_size / 2


def test_text_is_for_the_decode_file(model, tmp_path):
    files = model.export_together(tmp_path, trained(model), text="standard")
    inputs = {g: Session(file).contract.inputs[0].name for g, file in files.items()}
    assert (inputs["decode"], inputs["score"]) == ("source_text", "source")


def test_the_bytes_are_the_same_again(model, tmp_path):
    for folder in ("a", "b"):
        model.export_together(tmp_path / folder, trained(model))
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("folder", ["new", "."])
@pytest.mark.parametrize("bad", GRAPHS)
def test_if_one_file_is_wrong_there_is_none(model, folder, bad, tmp_path):
    def verify(graph, path):
        if graph == bad:
            raise ExportError(f"{path.name} is wrong")

    (tmp_path / "decode.onnx").write_bytes(b"the one before")
    with pytest.raises(ExportError, match=f"{bad}.onnx is wrong"):
        model.export_together(tmp_path / folder, trained(model), verify=verify)
    assert names(tmp_path) == ["decode.onnx"]
    assert (tmp_path / "decode.onnx").read_bytes() == b"the one before"


def test_a_set_of_which_only_a_part_was_replaced_is_refused(model, tmp_path, monkeypatch):
    files = model.export_together(tmp_path, trained(model), graphs=["decode"])
    replace = Path.replace

    def fail(self, target):
        if target.suffix == ".onnx":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ExportError, match="No space left"):
        model.export_together(tmp_path, trained(model, seed=1), graphs=["decode"])
    assert names(tmp_path) == ["decode.onnx", "weights.bin"]
    with pytest.raises(ModelError, match="has another content"):
        Session(files["decode"])
    with pytest.raises(ExportError, match="No space left"):
        model.export_together(tmp_path / "new", trained(model), graphs=["decode"])


def test_other_files_in_the_folder_stay(model, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    model.export_together(tmp_path, trained(model), graphs=["encode", "step"])
    assert names(tmp_path) == ["encode.onnx", "notes.txt", "step.onnx", "weights.bin"]


@pytest.mark.parametrize("graphs", [[], ["decode", "decode"], ["decode", "sing"]])
def test_graphs_there_are_not(model, graphs, tmp_path):
    with pytest.raises(ExportError, match="expected some of decode, score, encode, step"):
        model.export_together(tmp_path, graphs=graphs)


def test_a_file_where_a_folder_should_be(model, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="out is a file; name a folder"):
        model.export_together(tmp_path / "out", trained(model), graphs=["decode"])
    with pytest.raises(ExportError, match="cannot write in"):
        model.export_together(tmp_path / "no" / "such", trained(model), graphs=["decode"])
