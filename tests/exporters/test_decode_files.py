"""The form of decode files: one loop, nothing in it that could stand before it, few nodes."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import onnx
import onnx_ir as ir
import pytest
from compiled import NAMES, example
from engines import build_onnx

GOLDEN = Path(__file__).parent / "golden"
PER_TRANSFORMER_LAYER = 32
PER_CELL_WITH_ATTENTION = 25


@cache
def decode_file(name):
    model = example(name)
    return ir.to_proto(build_onnx(model.trace("decode"), model.initial()))


def subgraphs(node):
    return [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]


def everywhere(graph):
    """All nodes of a graph and of the bodies within."""
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from everywhere(inner)


def needs(node):
    """What a node reads, and what its bodies take from outside."""
    found = {*node.input}
    for graph in subgraphs(node):
        made = {v.name for v in graph.input} | {o for n in graph.node for o in n.output}
        found |= {name for n in graph.node for name in needs(n)} - made
        found |= {v.name for v in graph.output} - made
    return found - {""}


def body_of(name):
    (loop,) = [node for node in decode_file(name).graph.node if node.op_type == "Loop"]
    (body,) = subgraphs(loop)
    return body


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_loop(name):
    kinds = Counter(node.op_type for node in everywhere(decode_file(name).graph))
    assert kinds["Loop"] == 1
    assert kinds["If"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_everything_in_the_loop_changes_from_step_to_step(name):
    body = body_of(name)
    changing = {value.name for value in body.input}
    still = []
    for node in body.node:
        if needs(node) & changing:
            changing.update(node.output)
        else:
            still.append(f"{node.name} ({node.op_type})")
    assert not still


@pytest.mark.parametrize("name", NAMES)
def test_every_node_and_value_is_used(name):
    def check(graph):
        read = {name for node in graph.node for name in needs(node)} | {
            v.name for v in graph.output
        }
        unread = [n.name for n in graph.node if not read & {*n.output}]
        assert not unread
        for node in graph.node:
            for inner in subgraphs(node):
                check(inner)

    graph = decode_file(name).graph
    check(graph)
    read = {name for node in everywhere(graph) for name in node.input}
    assert not [i.name for i in graph.initializer if i.name not in read]
    assert not [i.name for i in graph.input if i.name not in read]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_unique_and_weights_stand_in_the_main_graph(name):
    graph = decode_file(name).graph
    names = Counter(node.name for node in everywhere(graph))
    assert not [name for name, count in names.items() if count > 1 or not name]
    for node in everywhere(graph):
        for inner in subgraphs(node):
            assert not inner.initializer
    domains = {(o.domain, o.version) for o in decode_file(name).opset_import}
    assert domains == {("", 20)}
    assert decode_file(name).ir_version == 9


def parts(name):
    """Nodes of the body by the layer they belong to."""
    return Counter(node.name.rpartition("/")[0] or "search" for node in body_of(name).node)


def test_nodes_of_each_part(refresh):
    text = ""
    for name in NAMES:
        counts = parts(name)
        text += f"{name}: {counts.total()}\n"
        text += "".join(f"  {part}: {count}\n" for part, count in counts.items())
    path = GOLDEN / "nodes_in_the_loop.txt"
    if refresh:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", ["specs/transformer", "published/transformer_2017"])
def test_a_transformer_layer_is_small(name):
    counts = parts(name)
    layer = sum(count for part, count in counts.items() if part.startswith("decoder/block/1"))
    assert 0 < layer <= PER_TRANSFORMER_LAYER


@pytest.mark.parametrize(
    "name",
    [f"specs/{n}" for n in ("dates", "bahdanau", "coverage", "luong_global", "gru_translation")],
)
def test_a_cell_with_attention_is_small(name):
    counts = parts(name)
    layers = example(name).layers.nodes["decoder.state"].layer.layers
    nodes = sum(
        count for part, count in counts.items() if part.split("/")[1:2] in (["context"], ["state"])
    )
    assert 0 < nodes <= PER_CELL_WITH_ATTENTION * layers
