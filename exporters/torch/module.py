"""A module with its graph, which can be pickled and copied.

torch.fx pickles a graph by tracing its code again. That fails where a function looks at a size,
and makes `training` a constant; here the nodes themselves are kept.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

Entry = tuple[str, str, Any, Any, Any]
"""One node: its operation, name, target, arguments and settings, other nodes by their names."""


@dataclass(frozen=True)
class Named:
    """Stands for the node of this name."""

    name: str


class Module(fx.GraphModule):
    """A torch.fx.GraphModule that keeps its nodes when it is pickled or copied."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the nodes."""
        return restored, (self._state(), entries(self.graph))

    def __deepcopy__(self, memo: dict[int, Any]) -> Module:
        """A module of its own with copies of all parameters."""
        found = restored(copy.deepcopy(self._state(), memo), entries(self.graph))
        memo[id(self)] = found
        return found

    def _state(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_graph"}


def entries(graph: fx.Graph) -> list[Entry]:
    """The nodes of a graph as plain values."""
    named: Any = _named
    return [
        (n.op, n.name, n.target, fx.map_arg(n.args, named), fx.map_arg(n.kwargs, named))
        for n in graph.nodes
    ]


def _named(node: fx.Node) -> Named:
    return Named(node.name)


def restored(state: dict[str, Any], nodes: list[Entry]) -> Module:
    """The module of these nodes, with the parameters, buffers and modules of `state`."""
    graph, made = fx.Graph(), dict[str, fx.Node]()

    def real(value: Any) -> Any:
        if isinstance(value, Named):
            return made[value.name]
        if isinstance(value, dict):
            return {key: real(item) for key, item in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(real(item) for item in value)
        return value

    for op, name, target, args, settings in nodes:
        if op == "output":
            graph.output(real(args)[0])
        else:
            made[name] = graph.create_node(op, target, real(args), real(settings), name=name)
    root = nn.Module()
    root.__dict__.update(state)
    module = Module(root, graph)
    own = vars(nn.Module())
    module.__dict__.update({k: v for k, v in state.items() if k in own or k not in vars(module)})
    return module
