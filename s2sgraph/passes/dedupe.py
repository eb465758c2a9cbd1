"""One node where several compute the same, one state where several are the same."""

from __future__ import annotations

from s2sgraph.graph.ops import draws
from s2sgraph.graph.values import Graph, Node, Value
from s2sgraph.passes.repeats import Repeat

Key = tuple[object, ...]


def dedupe(graph: Graph) -> None:
    """Merge equal nodes; what is drawn at random is never equal to anything."""
    _block(graph, {}, {})


def _block(graph: Graph, seen: dict[Key, tuple[Value, ...]], instead: dict[Value, Value]) -> None:
    seen, kept = dict(seen), []
    for node in graph.nodes:
        node.inputs = tuple(instead.get(value, value) for value in node.inputs)
        if node.body:
            _block(node.body, seen, instead)
            if node.op not in ("loop", "scan"):
                instead.update(_twins(node))
            else:
                _states(Repeat.of(node), instead)
                _block(node.body, seen, instead)
        layouts = tuple(value.layout for value in node.outputs)
        key: Key = (node.op, node.inputs, repr(sorted(node.attrs.items())), layouts)
        if node.body is None and not draws(node) and key in seen:
            instead.update(zip(node.outputs, seen[key], strict=True))
        else:
            seen[key] = node.outputs
            kept.append(node)
    graph.nodes = kept
    graph.outputs = [instead.get(value, value) for value in graph.outputs]


def _twins(node: Node) -> dict[Value, Value]:
    """Outputs of a composite that are one value inside."""
    assert node.body is not None
    first: dict[Value, Value] = {}
    pairs = zip(node.body.outputs, node.outputs, strict=True)
    return {
        output: found
        for inner, output in pairs
        if (found := first.setdefault(inner, output)) is not output
    }


def _states(repeat: Repeat, instead: dict[Value, Value]) -> None:
    """States that start alike and go on alike are one."""
    first: dict[tuple[Value, Value], int] = {}
    kept = []
    for i, key in enumerate(zip(repeat.first, repeat.following, strict=True)):
        if key in first and repeat.states[i].layout == repeat.states[first[key]].layout:
            instead[repeat.states[i]] = repeat.states[first[key]]
            instead[repeat.finals[i]] = repeat.finals[first[key]]
        else:
            first[key] = i
            kept.append(i)
    repeat.keep_states(kept)
    repeat.write()
