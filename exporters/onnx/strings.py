"""Strings in a file: constants, and texts put together or written otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir

from .emitter import Emitter

STRING = ir.TensorType(ir.DataType.STRING)


def string(e: Emitter, text: str | bytes) -> ir.Value:
    """A constant text: `string[1]`. Bytes need be no whole characters until they are joined."""
    return strings(e, [text.encode() if isinstance(text, str) else text])


def strings(e: Emitter, texts: list[bytes]) -> ir.Value:
    """Constant texts: `string[n]`."""
    key = ("string", *texts)
    if key not in e.constants:
        name, shape = e.name("string"), ir.Shape([len(texts)])
        tensor = ir.StringTensor(texts, shape=shape, name=name)
        e.constants[key] = ir.Value(name=name, shape=shape, type=STRING, const_value=tensor)
    return e.constants[key]


def places(e: Emitter, x: ir.Value) -> ir.Value:
    """The numbers of the last axis: `int64[length]`."""
    count = e.op("Squeeze", e.op("Shape", x, start=-1))
    return e.op("Range", e.const(np.int64(0)), count, e.const(np.int64(1)))


def joined(e: Emitter, pieces: ir.Value, rank: int) -> ir.Value:
    """Texts along the last axis put together, neighbours first: as many rounds as log2 of it."""
    lead = e.op("Shape", pieces, start=0, end=-1)
    empty = e.op("Expand", string(e, ""), e.op("Concat", lead, e.ints(1), axis=0))
    first = e.op("Concat", pieces, empty, axis=-1)
    inner = e.inner()
    round_ = ir.Value(
        name=e.name("round"), shape=ir.Shape([]), type=ir.TensorType(ir.DataType.INT64)
    )
    go = ir.Value(name=e.name("go"), shape=ir.Shape([]), type=ir.TensorType(ir.DataType.BOOL))
    now = ir.Value(name=e.name("pieces"), shape=ir.Shape([None] * rank), type=STRING)
    last, axis, two = e.ints(2**31 - 1), e.ints(-1), e.ints(2)
    even = inner.op("Slice", now, e.ints(0), last, axis, two)
    padded = inner.op("Concat", now, empty, axis=-1)
    odd = inner.op("Slice", padded, e.ints(1), last, axis, two)
    pairs = inner.op("StringConcat", even, odd)
    width = inner.op("Squeeze", inner.op("Shape", pairs, start=-1))
    more = inner.op("Greater", width, e.const(np.int64(1)))
    more.type, pairs.type = ir.TensorType(ir.DataType.BOOL), STRING
    body = ir.Graph([round_, go, now], [more, pairs], nodes=inner.nodes, name=e.name("body"))
    rounds = e.const(np.int64(64))
    whole = e.op("Loop", rounds, e.const(np.bool_(True)), first, body=body)
    return e.op("Squeeze", whole, axis)


def replaced(e: Emitter, lines: ir.Value, changes: Mapping[str, str | bytes]) -> ir.Value:
    """Lines `string[batch]` with each of these marks written as another text, one after another.

    Most lines have no such mark, which one look tells, and then nothing is done.
    """
    marks = ("".join(f"\\x{{{ord(character):x}}}" for character in mark) for mark in changes)
    found = e.op("RegexFullMatch", lines, pattern=f"(?s).*(?:{'|'.join(marks)}).*")
    marked = e.op("Cast", found, to=ir.DataType.INT64)
    # A zero more, since there may be no line at all.
    count = e.op("ReduceSum", e.op("Concat", marked, e.ints(0), axis=0), keepdims=0)
    then, otherwise = e.inner(), e.inner()
    cut = lines
    for mark, text in changes.items():
        pieces, counts = then.many("StringSplit", [cut], 2, delimiter=mark)
        last = then.op("Unsqueeze", then.op("Sub", counts, then.ints(1)), then.ints(-1))
        between = then.op("Less", places(then, pieces), last)
        ends = then.op("Where", between, string(then, text), string(then, ""))
        cut = joined(then, then.op("StringConcat", pieces, ends), rank=2)
    same = otherwise.op("Identity", lines)
    cut.type = same.type = STRING
    return e.op(
        "If",
        e.op("Greater", count, e.const(np.int64(0))),
        then_branch=ir.Graph([], [cut], nodes=then.nodes, name=e.name("then")),
        else_branch=ir.Graph([], [same], nodes=otherwise.nodes, name=e.name("else")),
    )
