"""Recording: ordinary Python calls operations on values, and a graph is what remains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from s2sgraph.graph.types import ShapeError, Type
from s2sgraph.graph.values import Graph, Initial, Layout, Node, Value, Weight

Tree = Value | tuple["Tree", ...]
"""A value, or a tuple of trees."""

Form = TypeVar("Form", bound=Tree)
"""A tree of a certain form."""

Mode = Literal["train", "score", "decode"]
"""What is traced: training (dropout is alive), the scoring of given targets, or decoding."""


@dataclass
class State:
    """What a loop hands from step to step: as it starts, and as the step leaves it."""

    first: Value
    following: Value
    grows: tuple[str, ...] = ()
    """The axes whose size changes from step to step."""


@dataclass
class Block:
    """A graph while it is being recorded; the body of a loop `repeats`, and carries states."""

    graph: Graph
    repeats: bool = False
    counter: Value | None = None
    states: dict[Value, State] = field(default_factory=dict)


_blocks: ContextVar[tuple[Block, ...]] = ContextVar("blocks", default=())
_scope: ContextVar[str] = ContextVar("scope", default="")
_member: ContextVar[str] = ContextVar("member", default="")
_mode: ContextVar[Mode] = ContextVar("mode", default="score")


def current() -> Block:
    """The innermost block being recorded; RuntimeError outside of `trace`."""
    blocks = _blocks.get()
    if not blocks:
        raise RuntimeError("an operation was called outside trace(...)")
    return blocks[-1]


def enclosing() -> tuple[Block, ...]:
    """All blocks being recorded, outermost first."""
    return _blocks.get()


def mode() -> Mode:
    """What is being traced: training, scoring or decoding."""
    return _mode.get()


def here() -> str:
    """The path of the layer being traced."""
    return _scope.get()


@contextmanager
def inside(block: Block) -> Iterator[Block]:
    """Record into `block`."""
    token = _blocks.set((*_blocks.get(), block))
    try:
        yield block
    finally:
        _blocks.reset(token)


@contextmanager
def before_loops() -> Iterator[None]:
    """Record before every loop that is being recorded; what is made there is the same in all steps.

    Values of the loops' own steps cannot be used there.
    """
    blocks = _blocks.get()
    count = next((i for i, block in enumerate(blocks) if block.repeats), len(blocks))
    token = _blocks.set(blocks[:count])
    try:
        yield
    finally:
        _blocks.reset(token)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Weights and nodes made within belong to this layer of the one around ("": to that itself)."""
    with at(".".join(filter(None, (here(), name)))):
        yield


@contextmanager
def member(name: str) -> Iterator[None]:
    """Weights and nodes made within belong to this one of several models in the graph."""
    token = _member.set(name)
    try:
        yield
    finally:
        _member.reset(token)


@contextmanager
def at(path: str) -> Iterator[None]:
    """Weights, nodes and errors made within belong to the layer of this full path."""
    token = _scope.set(path)
    try:
        yield
    except ShapeError as error:
        error.where = error.where or path
        raise
    finally:
        _scope.reset(token)


def trace(
    function: Callable[..., dict[str, Value]], inputs: dict[str, Type], *, mode: Mode = "score"
) -> Graph:
    """The graph of `function`: called with a value for each input, it returns named outputs."""
    graph = Graph(inputs=[Value(type, name) for name, type in inputs.items()])
    token = _mode.set(mode)
    try:
        with inside(Block(graph)):
            outputs = function(**{value.name: value for value in graph.inputs})
    finally:
        _mode.reset(token)
    graph.outputs, graph.output_names = list(outputs.values()), tuple(outputs)
    return graph


def emit(
    op: str,
    inputs: tuple[Value, ...],
    types: tuple[Type, ...],
    attrs: dict[str, Any],
    body: Graph | None = None,
) -> tuple[Value, ...]:
    """Record one node and return its outputs."""
    outputs = tuple(Value(type) for type in types)
    where = ".".join(filter(None, (_member.get(), here())))
    current().graph.nodes.append(Node(op, inputs, attrs, outputs, body, where))
    return outputs


def weight(
    name: str, type: Type, *, layout: Layout | None = None, initial: Initial | None = None
) -> Value:
    """The weight of that name in the layer being traced; asked for twice, it is one weight.

    `layout` says how it is stored, by default one dimension for each axis. ShapeError if it was
    asked for before with other axes or sizes.
    """
    path = ".".join(filter(None, (_member.get(), here(), name)))
    weights = enclosing()[0].graph.weights
    if path not in weights:
        stored = layout or tuple((axis,) for axis in type.axes)
        weights[path] = Weight(Value(type, path, stored), initial or Initial())
    found = weights[path].value
    if dict(found.type.dims) != dict(type.dims):
        raise ShapeError(
            f"one weight {name!r}, two types: {found.type} and {type}; layers that share it "
            "need one size"
        )
    return found


def flatten(tree: Tree) -> list[Value]:
    """The values of a tree, left to right."""
    if isinstance(tree, Value):
        return [tree]
    return [value for part in tree for value in flatten(part)]


def unflatten(like: Form, leaves: Iterator[Value]) -> Form:
    """A tree of the same form with other values."""
    tree = next(leaves) if isinstance(like, Value) else tuple(unflatten(p, leaves) for p in like)
    return cast(Form, tree)
