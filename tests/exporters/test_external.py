"""Weights in a file of their own: each once, aligned, and the same computation."""

from __future__ import annotations

import json
from hashlib import sha256

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from compiled import drawn, example, trained
from engines import build_onnx, run_session, session
from s2sgraph_exporters.onnx.external import ALIGNMENT, LEAST, set_apart

GRAPHS = ("decode", "encode", "step", "score")


def parts(path):
    """Where each external weight stands in the file: name to (offset, length)."""
    found = {}
    for tensor in onnx.load(path, load_external_data=False).graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            assert entries["location"] == "weights.bin"
            found[tensor.name] = (int(entries["offset"]), int(entries["length"]))
    return found


@pytest.mark.parametrize("name", ["specs/transformer", "specs/bahdanau", "specs/ssru_student"])
def test_each_weight_is_written_once(name, tmp_path):
    model = example(name)
    weights = trained(model)
    files = model.export_together(tmp_path, weights, graphs=GRAPHS)
    places = {place for file in files.values() for place in parts(file).values()}
    data = (tmp_path / "weights.bin").read_bytes()
    assert all(offset % ALIGNMENT == 0 and length >= LEAST for offset, length in places)
    contents = [data[offset : offset + length] for offset, length in places]
    assert len({*contents}) == len(contents)
    # Nor is one there the other way round: the whole is what one file has.
    lengths = {graph: {*parts(file).values()} for graph, file in files.items()}
    assert lengths["decode"] == places
    assert lengths["encode"] | lengths["step"] == places


def test_the_file_is_named_with_its_size_and_hash(tmp_path):
    model = example("specs/dates")
    (file,) = model.export_together(tmp_path, trained(model), graphs=["decode"]).values()
    said = {p.key: p.value for p in onnx.load(file, load_external_data=False).metadata_props}
    data = (tmp_path / "weights.bin").read_bytes()
    expected = {"name": "weights.bin", "size": len(data), "sha256": sha256(data).hexdigest()}
    assert json.loads(said["s2sgraph.external"]) == expected


def test_a_weight_that_is_there_the_other_way_round_is_turned(tmp_path):
    """Two graphs that multiply by one matrix, stored by rows in one and by columns in the other."""
    random = np.random.default_rng(0)
    matrix = random.standard_normal((32, 48)).astype(np.float32)

    def multiplying(array, transposed):
        x = ir.Value(name="x", shape=ir.Shape([1, 32]), type=ir.TensorType(ir.DataType.FLOAT))
        weight = ir.Value(
            name="w",
            shape=ir.Shape(array.shape),
            type=ir.TensorType(ir.DataType.FLOAT),
            const_value=ir.Tensor(array, name="w"),
        )
        node = ir.node("Gemm", [x, weight], {"transB": int(transposed)}, num_outputs=1)
        node.outputs[0].name = "y"
        node.outputs[0].type, node.outputs[0].shape = x.type, ir.Shape([1, 48])
        graph = ir.Graph(
            [x],
            node.outputs,
            nodes=[node],
            initializers=[weight],
            opset_imports={"": 20},
            name="multiplying",
        )
        return ir.Model(graph, ir_version=9)

    models = [
        multiplying(matrix, False),
        multiplying(np.ascontiguousarray(matrix.T), True),
    ]
    x = random.standard_normal((1, 32)).astype(np.float32)
    assert set_apart(models, tmp_path / "weights.bin").size == matrix.nbytes
    for number, model in enumerate(models):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(ir.to_proto(model).SerializeToString())
        onnx.checker.check_model(str(path), full_check=True)
        found = onnxruntime.InferenceSession(path).run(None, {"x": x})[0]
        np.testing.assert_allclose(found, x @ matrix, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_file_with_its_weights_beside_it_computes_the_same(graph, tmp_path):
    model = example("specs/hybrid")
    weights = trained(model)
    files = model.export_together(tmp_path, weights, graphs=GRAPHS)
    inputs = drawn(model, graph) if graph in ("decode", "score") else drawn(model, "encode")
    if graph == "step":
        inputs = run_session(onnxruntime.InferenceSession(files["encode"]), inputs)
        inputs["step"] = np.array(0)
    inside = session(build_onnx(model.trace(graph), weights))
    expected = run_session(inside, inputs)
    found = run_session(onnxruntime.InferenceSession(files[graph]), inputs)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-5, err_msg=name)
