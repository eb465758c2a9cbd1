"""Encoder and single step as graphs of their own, for searching and streaming by clients.

Both come from the decode loop: what the passes moved out of its body is the encoder's part, and
the body is the step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import networkx as nx

from s2sgraph.graph import trace
from s2sgraph.graph.given import Given
from s2sgraph.graph.ops import cover, extent, trim
from s2sgraph.graph.types import Type
from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.model.sources import BATCH
from s2sgraph.passes.pipeline import simplify
from s2sgraph.passes.repeats import Repeat


@dataclass(frozen=True)
class Split:
    """The two graphs, and the memory and states that the second is given."""

    encode: Graph
    step: Graph
    memory: dict[str, Value]
    states: dict[str, Value]

    def inputs(self, first: Given) -> list[Given]:
        """The inputs of the step."""
        memory = "of the sources, from the encode graph; the same at every step"
        state = "of the step before; at first from the encode graph"
        return [
            first,
            Given("step", Type("int"), "number of the step, from 0"),
            *(
                Given(name, _given(value.type), f"{_where(name)}{memory}")
                for name, value in self.memory.items()
            ),
            *(
                Given(name, _given(value.type), f"{_where(name)}{state}")
                for name, value in self.states.items()
            ),
        ]


def split(whole: Graph, first: Given) -> Split:
    """The parts of a graph whose loop emits what one step gives."""
    names = whole.output_names
    simplify(whole)
    loop = next(node for node in whole.nodes if node.op == "loop")
    repeat = Repeat.of(loop)
    assert loop.body is not None
    fixed = _fixed(whole)
    weights = {weight.value for weight in whole.weights.values()}
    captured = [value for value in loop.body.free() if value not in weights and value not in fixed]
    memory = {f"memory_{i}": value for i, value in enumerate(captured, 1)}
    own = repeat.first.index(_first_state(repeat, whole))
    kept = [i for i in range(len(repeat.states)) if i != own]
    states = {f"state_{i}": repeat.states[place] for i, place in enumerate(kept, 1)}
    starts = {f"state_{i}": repeat.first[place] for i, place in enumerate(kept, 1)}
    encode = _encode(whole, loop, {first.name: repeat.first[own], **memory, **starts})
    results = dict(zip(names, repeat.results, strict=True))
    following = {f"next_state_{i}": repeat.following[place] for i, place in enumerate(kept, 1)}
    given = {first.name: repeat.states[own], "step": repeat.slices[0], **memory, **states}
    constants = [node for node in whole.nodes if set(node.outputs) <= fixed]
    step = _step(loop.body, constants, given, {**results, **following})
    step.weights = dict(whole.weights)
    return Split(encode, step, memory, states)


def _first_state(repeat: Repeat, whole: Graph) -> Value:
    """The start of the symbol before, the one state that a step hands on unchanged."""
    unchanged = [i for i, state in enumerate(repeat.states) if repeat.following[i] is state]
    assert len(unchanged) == 1, f"{len(unchanged)} states that never change in {whole.output_names}"
    return repeat.first[unchanged[0]]


def _fixed(graph: Graph) -> set[Value]:
    """Values outside the loop that depend on no input: constants, and what weights make."""
    flow = nx.DiGraph()
    flow.add_nodes_from(graph.inputs)
    for node in graph.nodes:
        flow.add_edges_from((value, output) for value in node.needs for output in node.outputs)
    varying = set(graph.inputs).union(*(nx.descendants(flow, value) for value in graph.inputs))
    return {value for node in graph.nodes for value in node.outputs} - varying


def _encode(whole: Graph, loop: Node, outputs: dict[str, Value]) -> Graph:
    """The nodes before the loop, with its starts and what it takes from them as outputs."""
    graph = Graph(
        inputs=list(whole.inputs),
        nodes=[n for n in whole.nodes if n is not loop],
        weights=dict(whole.weights),
    )
    like = next(value for value in graph.inputs if BATCH in value.axes)
    with trace.inside(trace.Block(graph)):
        leaving = {name: _leave(value, like) for name, value in outputs.items()}
    graph.outputs, graph.output_names = [*leaving.values()], tuple(leaving)
    return graph


def _leave(value: Value, like: Value) -> Value:
    if "batch" not in value.axes:
        return value
    return trim(value, extent(like, over=BATCH), over="batch", into=BATCH)


def _step(
    body: Graph, constants: list[Node], given: dict[str, Value], outputs: dict[str, Value]
) -> Graph:
    """The body with all that it takes as inputs, safe for no rows at all."""
    graph = Graph(inputs=[Value(_given(value.type), name) for name, value in given.items()])
    like = next(value for value in graph.inputs if BATCH in value.axes)
    with trace.inside(trace.Block(graph)):
        inside = {
            value: _enter(own) for own, value in zip(graph.inputs, given.values(), strict=True)
        }
        graph.nodes += [replace(node) for node in constants] + body.nodes
        graph.substitute(inside)
        leaving = {name: _leave(inside.get(value, value), like) for name, value in outputs.items()}
    graph.outputs, graph.output_names = [*leaving.values()], tuple(leaving)
    return graph


def _enter(value: Value) -> Value:
    if BATCH not in value.axes:
        return value
    empty = {"float": 0.0, "int": 0, "bool": False}[value.type.dtype]
    return cover(value, over=BATCH, into="batch", value=empty)


def _given(type: Type) -> Type:
    return type.renamed({"batch": BATCH})


def _where(name: str) -> str:
    return "values " if name.startswith("memory") else "state "
