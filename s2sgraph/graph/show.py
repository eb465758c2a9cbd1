"""A graph as text: one line for each node, with types, settings and the layer it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from s2sgraph.graph.values import Graph, Layout, Value


def show(graph: Graph) -> str:
    """The graph with its bodies indented; values without a name are numbered as they appear."""
    names: dict[Value, str] = {}

    def name(value: Value) -> str:
        return names.setdefault(value, value.name or f"%{len(names)}")

    def listed(values: list[Value] | tuple[Value, ...]) -> str:
        return ", ".join(map(name, values))

    def lines(graph: Graph, indent: str) -> Iterator[str]:
        yield f"{indent}({', '.join(f'{name(value)}: {value.type}' for value in graph.inputs)})"
        for node in graph.nodes:
            settings = "".join(f" {key}={value}" for key, value in node.attrs.items())
            types = ", ".join(f"{value.type}{_placed(value.layout)}" for value in node.outputs)
            made, given = listed(node.outputs), listed(node.inputs)
            yield f"{indent}  {made} = {node.op}({given}){settings}: {types}  # {node.where}"
            if node.body:
                yield from lines(node.body, indent + "    ")
        yield f"{indent}  return {listed(graph.outputs)}"

    return "\n".join(lines(graph, ""))


def _placed(layout: Layout | None) -> str:
    if layout is None:
        return ""
    return " @ " + " ".join(f"({'·'.join(group)})" for group in layout)
