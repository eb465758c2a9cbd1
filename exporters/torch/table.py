"""The torch form of each placed operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx
from torch.nn import functional as F

from s2sgraph.graph.values import Node

from .emitter import DTYPES, Emitter, Operand, rule
from .functions import tensors

SAME: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "mod": operator.mod,
    "floordiv": operator.floordiv,
    "xor": operator.xor,
    "equal": operator.eq,
    "less": operator.lt,
    "at_most": operator.le,
    "maximum": tensors.maximum,
    "minimum": tensors.minimum,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "select": torch.where,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "sigmoid": torch.sigmoid,
    "sine": torch.sin,
    "relu": torch.relu,
    "gelu": F.gelu,
    "swish": F.silu,
    "matmul": torch.matmul,
    "linear": F.linear,
    "every": torch.all,
    "gather": tensors.gather,
}


def _same(function: Callable[..., Any]) -> Callable[[Emitter, Node], Operand]:
    return lambda e, node: e.call(function, *map(e.get, node.inputs))


for _ours, _theirs in SAME.items():
    rule(_ours)(_same(_theirs))


@rule("const")
def const(e: Emitter, node: Node) -> Operand:
    return e.constant(node.attrs["value"], node.attrs["dtype"])


@rule("number", "integer")
def cast(e: Emitter, node: Node) -> Operand:
    x = e.get(node.inputs[0])
    dtype = DTYPES[node.outputs[0].type.dtype]
    return (
        e.method("to", x, dtype) if isinstance(x, fx.Node) else e.call(torch.tensor, x, dtype=dtype)
    )


ALONG: dict[str, Callable[..., Any]] = {
    "softmax": torch.softmax,
    "log_softmax": torch.log_softmax,
    "total": torch.sum,
    "greatest": torch.amax,
    "least": torch.amin,
    "argmax": torch.argmax,
    "cumsum": torch.cumsum,
}


def _along(function: Callable[..., Any]) -> Callable[[Emitter, Node], Operand]:
    return lambda e, node: e.call(function, e.get(node.inputs[0]), dim=node.attrs["axis"])


for _ours, _theirs in ALONG.items():
    rule(_ours)(_along(_theirs))


@rule("norm")
def norm(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.norm, *map(e.get, node.inputs), node.attrs["epsilon"])


@rule("root_mean_square")
def root_mean_square(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.root_mean_square, *map(e.get, node.inputs), node.attrs["epsilon"])


@rule("top")
def top(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.top, *map(e.get, node.inputs), node.attrs["axis"])


@rule("gather_along")
def gather_along(e: Emitter, node: Node) -> Operand:
    x, index = map(e.get, node.inputs)
    return e.call(torch.gather, x, 1, index)


@rule("noisy")
def noisy(e: Emitter, node: Node) -> Operand:
    x, deviation = e.get(node.inputs[0]), node.attrs["deviation"]
    return e.call(tensors.noisy, x, deviation, e.training())


@rule("which")
def which(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.which, e.get(node.inputs[0]))


@rule("scatter")
def scatter(e: Emitter, node: Node) -> Operand:
    function = {"add": tensors.scatter_add, "least": tensors.scatter_least}[node.attrs["how"]]
    return e.call(function, *map(e.get, node.inputs))


@rule("dropout")
def dropout(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.dropout, e.get(node.inputs[0]), node.attrs["rate"], e.training())


# -- forms of tensors ---------------------------------------------------------------------


@rule("reshape")
def reshape(e: Emitter, node: Node) -> Operand:
    sizes = [-2 if size == 0 else e.extent(size, node) for size in node.attrs["shape"]]
    if -2 in sizes:
        return e.call(tensors.shaped, e.get(node.inputs[0]), *sizes)
    return e.method("reshape", e.get(node.inputs[0]), sizes)


@rule("expand")
def expand(e: Emitter, node: Node) -> Operand:
    x, sizes = e.get(node.inputs[0]), [e.extent(size, node) for size in node.attrs["shape"]]
    if isinstance(x, fx.Node):
        return e.method("expand", x, sizes)
    return e.call(torch.full, sizes, x, dtype=DTYPES[node.outputs[0].type.dtype])


@rule("full")
def full(e: Emitter, node: Node) -> Operand:
    sizes = [e.extent(size, node) for size in node.attrs["shape"]]
    settings: dict[str, Any] = {"dtype": DTYPES[node.attrs["dtype"]]}
    if node.inputs:
        return e.method("new_full", e.get(node.inputs[0]), sizes, node.attrs["value"], **settings)
    return e.call(torch.full, sizes, node.attrs["value"], **settings)


@rule("transpose")
def transpose(e: Emitter, node: Node) -> Operand:
    return e.method("permute", e.get(node.inputs[0]), *node.attrs["perm"])


@rule("concat")
def concat(e: Emitter, node: Node) -> Operand:
    return e.call(torch.cat, [*map(e.get, node.inputs)], dim=node.attrs["axis"])


@rule("split")
def split(e: Emitter, node: Node) -> Operand:
    return e.method("chunk", e.get(node.inputs[0]), node.attrs["parts"], node.attrs["axis"])


@rule("all_but_last")
def all_but_last(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.all_but_last, e.get(node.inputs[0]), node.attrs["axis"])


@rule("head")
def head(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.head, *map(e.get, node.inputs), node.attrs["axis"])


@rule("cover")
def cover(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.cover, e.get(node.inputs[0]), node.attrs["axis"], node.attrs["value"])


@rule("range")
def range_(e: Emitter, node: Node) -> Operand:
    x = e.get(node.inputs[0])
    device = e.call(getattr, x, "device")
    return e.call(torch.arange, e.extent(node.attrs["size"], node), device=device)


@rule("iota")
def iota(e: Emitter, node: Node) -> Operand:
    return e.call(tensors.iota, e.get(node.inputs[0]))


@rule("size")
def size(e: Emitter, node: Node) -> Operand:
    x, dtype = e.get(node.inputs[0]), DTYPES["int"]
    return e.method("new_tensor", x, e.extent(node.attrs["size"], node), dtype=dtype)
