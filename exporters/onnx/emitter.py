"""Recording of ONNX nodes: names, constants written once, weights in the form that is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from s2sgraph.graph.types import DType, Type
from s2sgraph.graph.values import Graph, Layout, Node, Value
from s2sgraph.passes.placing import Extent

Array = npt.NDArray[Any]
DTYPES = {"float": ir.DataType.FLOAT, "int": ir.DataType.INT64, "bool": ir.DataType.BOOL}
NUMPY: dict[DType, type[np.generic]] = {"float": np.float32, "int": np.int64, "bool": np.bool_}


class Emitter:
    """Translates the nodes of one graph; bodies have an emitter each.

    Attributes:
        weights: the array of each weight.
        uses: how often each value is read.
        nodes: what has been recorded here.
        env: the ONNX value of each value.
        constants: initializers, by their content or name: of the main graph, or of a body that is
            in another one.
        counts: how often each name has been asked for.
        own: what is made here, or given to this body.
        shapes: shapes that are computed here, by what they are made of.
        outer: the emitter of the graph around, if this one is of a body.
        where: the path of the layer whose node is being written.
    """

    def __init__(
        self, weights: dict[Value, Array], uses: Counter[Value], outer: Emitter | None = None
    ) -> None:
        self.weights, self.uses, self.outer = weights, uses, outer
        self.own: set[ir.Value] = set()
        self.shapes: dict[Any, ir.Value] = {}
        self.nodes: list[ir.Node] = []
        self.env: dict[Value, ir.Value] = {}
        self.constants: dict[Any, ir.Value] = {}
        self.counts: Counter[str] = Counter()
        self.where = ""

    def inner(self) -> Emitter:
        """An emitter for a body: what it makes is its own, what it looks up is shared.

        A body in another one has initializers of its own: a kernel prepares the weights of its own
        graph and of the graph around that, but none from further outside.
        """
        emitter = Emitter(self.weights, self.uses, self)
        emitter.env, emitter.counts, emitter.where = self.env, self.counts, self.where
        if self.outer is None:
            emitter.constants = self.constants
        return emitter

    def body(self, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> ir.Graph:
        """What an inner emitter has recorded."""
        assert self.outer is not None
        own = [] if self.constants is self.outer.constants else [*self.constants.values()]
        return ir.Graph(
            inputs, outputs, nodes=self.nodes, initializers=own, name=self.outer.name("body")
        )

    # -- nodes ------------------------------------------------------------------------

    def name(self, kind: str) -> str:
        """A name that starts with the layer and is used once."""
        path = "/".join([*filter(None, self.where.split(".")), kind])
        self.counts[path] += 1
        count = self.counts[path]
        return path if count == 1 else f"{path}_{count}"

    def many(
        self,
        kind: str,
        inputs: Sequence[ir.Value | None],
        outputs: int,
        *,
        domain: str = "",
        **attrs: Any,
    ) -> list[ir.Value]:
        """Record an operator with several outputs."""
        name = self.name(kind)
        values = [ir.Value(name=name if i == 0 else f"{name}.{i}") for i in range(outputs)]
        attributes = {key: value for key, value in attrs.items() if value is not None}
        self.own.update(values)
        self.nodes.append(
            ir.node(kind, inputs, attributes, domain=domain, outputs=values, name=name)
        )
        return values

    def op(self, kind: str, *inputs: ir.Value | None, **attrs: Any) -> ir.Value:
        """Record an operator with one output."""
        return self.many(kind, [*inputs], 1, **attrs)[0]

    # -- constants --------------------------------------------------------------------

    def const(self, array: npt.ArrayLike, name: str = "") -> ir.Value:
        """An initializer; equal ones of one graph are one."""
        array = np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array)
        key = name or (array.tobytes(), array.dtype.str, array.shape)
        if key not in self.constants:
            label = self._label(name)
            self.constants[key] = ir.Value(
                name=label,
                shape=ir.Shape(array.shape),
                type=ir.TensorType(ir.DataType.from_numpy(array.dtype)),
                const_value=ir.Tensor(array, name=label),
            )
        return self.constants[key]

    def _label(self, name: str) -> str:
        key = f"{name}:" if name else "constant"
        self.counts[key] += 1
        count = self.counts[key]
        return f"constant_{count}" if not name else name if count == 1 else f"{name}:{count}"

    def ints(self, *numbers: int) -> ir.Value:
        """A constant list of integers, as shapes and axes are given: `int64[n]`."""
        return self.const(np.array(numbers, np.int64))

    def weight(
        self, value: Value, form: str = "", change: Callable[[Array], Array] = lambda array: array
    ) -> ir.Value:
        """A weight, rearranged if need be; only the forms that are used are written."""
        name = f"{value.name}:{form}" if form else value.name
        if name not in self.constants:
            return self.const(change(self.weights[value]), name)
        return self.constants[name]

    def get(self, value: Value) -> ir.Value:
        """The ONNX value of a weight or of a value made before."""
        return self.weight(value) if value in self.weights else self.env[value]

    # -- sizes ------------------------------------------------------------------------

    def extent(self, extent: Extent, node: Node) -> ir.Value:
        """A size that is known when the graph runs: int64[1]."""
        parts = [
            self.op("Shape", self.get(node.inputs[operand]), start=dim, end=dim + 1)
            for operand, dim in extent.dims
        ]
        if extent.factor != 1:
            parts.append(self.ints(extent.factor))
        result = parts[0]
        for part in parts[1:]:
            result = self.op("Mul", result, part)
        return result

    def shape(self, shape: tuple[int | Extent, ...], node: Node) -> ir.Value:
        """A shape, as far as possible a constant; else made once, as far outside as it can be."""
        read = [
            (self.get(node.inputs[operand]), dim)
            for size in shape
            if isinstance(size, Extent)
            for operand, dim in size.dims
        ]
        if not read:
            return self.ints(*(size for size in shape if isinstance(size, int)))
        home = self._home([value for value, _ in read])
        form = tuple(
            (size.factor, len(size.dims)) if isinstance(size, Extent) else size for size in shape
        )
        if (form, *read) not in home.shapes:
            home.where = self.where
            home.shapes[form, *read] = home._shape(shape, node)
        return home.shapes[form, *read]

    def _home(self, values: Sequence[ir.Value]) -> Emitter:
        """The emitter of the outermost graph in which all these values are known."""
        if self.outer is None or not self.own.isdisjoint(values):
            return self
        return self.outer._home(values)

    def _shape(self, shape: tuple[int | Extent, ...], node: Node) -> ir.Value:
        runs: list[list[int] | Extent] = []
        for size in shape:
            if isinstance(size, Extent):
                runs.append(size)
            elif runs and isinstance(runs[-1], list):
                runs[-1].append(size)
            else:
                runs.append([size])
        parts = [
            self.extent(run, node) if isinstance(run, Extent) else self.ints(*run) for run in runs
        ]
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=0)

    def scalar(self, value: ir.Value) -> ir.Value:
        """The one number in a tensor of any rank: `[]`."""
        return self.op("Squeeze", value)


def dims(type: Type, layout: Layout) -> list[int | str | None]:
    """The shape to declare: numbers, and the names of axes whose size is open."""
    found: list[int | str | None] = []
    for group in layout:
        sizes = [type.sizes[axis] for axis in group]
        if None not in sizes:
            found.append(int(np.prod([size for size in sizes if size is not None])))
        else:
            found.append(group[0].removeprefix("given ") if len(group) == 1 else None)
    return found


Rule = Callable[[Emitter, Node], ir.Value | list[ir.Value]]
TABLE: dict[str, Rule] = {}
"""How each placed operation is written in ONNX."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declare how these operations are written: a function of the emitter and the placed node."""

    def declare(function: Rule) -> Rule:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return declare


def translate(emitter: Emitter, graph: Graph) -> list[ir.Value]:
    """Write the nodes of a graph; returns its outputs.

    KeyError for an operation that the table lacks.
    """
    for node in graph.nodes:
        emitter.where = node.where
        found = TABLE[node.op](emitter, node)
        results = found if isinstance(found, list) else [found]
        emitter.env.update(zip(node.outputs, results, strict=True))
    return [emitter.get(value) for value in graph.outputs]
