"""A graph as text: one line for each node, with types, settings and the layer it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from s2sgraph.graph.values import Graph, Layout, Value


def show(graph: Graph) -> str:
    """The graph and its bodies, indented; values without a name are numbered in order of appearance."""
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
            yield (
                f"{indent}  {listed(node.outputs)} = {node.op}({listed(node.inputs)}){settings}: {types}"
                f"  # {node.where}"
            )
            if node.body:
                yield from lines(node.body, indent + "    ")
        yield f"{indent}  return {listed(graph.outputs)}"

    return "\n".join(lines(graph, ""))


def _placed(layout: Layout | None) -> str:
    return (
        "" if layout is None else " @ " + " ".join("(" + "·".join(group) + ")" for group in layout)
    )
