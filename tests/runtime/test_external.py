"""Files whose weights stand beside them: missing, damaged, or of another export."""

from pathlib import Path

import onnx
import pytest
from compiled import example, trained

from s2sgraph.runtime import ModelError, Session
from s2sgraph.runtime.external import WeightsFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A decode file and its weights."""
    model = example("specs/dates")
    model.export_together(tmp_path, trained(model), graphs=["decode"])
    return tmp_path


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        Session(folder / "decode.onnx")
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{folder / 'decode.onnx'}: ")
    return line.partition(": ")[2]


def test_the_right_weights(folder: Path) -> None:
    assert Session(folder / "decode.onnx").run(["s1 s2"])[0].text is not None


def test_no_weights(folder: Path) -> None:
    (folder / "weights.bin").unlink()
    assert refused(folder) == "its weights are in weights.bin, which is not beside it"
    (folder / "weights.bin").mkdir()
    assert refused(folder) == "its weights are in weights.bin, which is not beside it"


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_weights_cut_short(folder: Path, cut: int) -> None:
    data = (folder / "weights.bin").read_bytes()
    (folder / "weights.bin").write_bytes(data[:cut])
    said = f"weights.bin has {len(data[:cut])} bytes instead of {len(data)}: it is damaged, or of"
    assert refused(folder).startswith(said)


def test_one_flipped_bit(folder: Path) -> None:
    data = bytearray((folder / "weights.bin").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "weights.bin").write_bytes(data)
    assert refused(folder).startswith("weights.bin has another content: it is damaged, or of")


def test_weights_of_another_export(folder: Path) -> None:
    model = example("specs/dates")
    model.export_together(folder / "other", trained(model, seed=1), graphs=["decode"])
    (folder / "other" / "weights.bin").replace(folder / "weights.bin")
    assert "weights.bin has another content" in refused(folder)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../weights.bin", "/etc/hostname", "a/b", "..\\weights.bin", "C:\\x"]
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(ModelError, match="is no file beside the graph"):
        WeightsFile.read({"name": name, "size": 1, "sha256": ""})


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "sub/../../weights.bin"])
def test_a_graph_that_reads_elsewhere_is_refused(folder: Path, location: str) -> None:
    path = folder / "decode.onnx"
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    path.write_bytes(model.SerializeToString())
    outside = folder.parent / "weights.bin"
    outside.write_bytes((folder / "weights.bin").read_bytes())
    refused(folder)
    outside.unlink()


@pytest.mark.parametrize("form", ["{}", "[]", "no json", '{"name": "w", "size": "x"}'])
def test_damaged_words_about_the_weights(folder: Path, form: str) -> None:
    path = folder / "decode.onnx"
    model = onnx.load(path, load_external_data=False)
    for entry in model.metadata_props:
        if entry.key == "s2sgraph.external":
            entry.value = form
    path.write_bytes(model.SerializeToString())
    assert "damaged metadata" in refused(folder)
