"""Text in and out of a file: lines to ids before the encoder, ids to lines after the search.

Operators of the standard can cut a text at one delimiter, not into characters. So lines of words
are taken as they are, and lines of characters with a separator between each two; with the form
`onnxruntime`, an operator of its own, which every build of it has, cuts lines into characters.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.text import WHITE_SPACE, Spelling, Vocabulary

from .emitter import Emitter

ML_OPSET, TOKENIZER_OPSET = 3, 1
STRING = ir.TensorType(ir.DataType.STRING)
NOTHING = -1
"""The id of what is not text."""


def opsets(spelling: Spelling) -> dict[str, int]:
    """The operator sets that text needs besides the standard one."""
    kinds = {vocabulary.kind for vocabulary in spelling.sources.values()}
    own = spelling.form == "onnxruntime" and "characters" in kinds
    return {"ai.onnx.ml": ML_OPSET, **({"com.microsoft": TOKENIZER_OPSET} if own else {})}


def entered(e: Emitter, name: str, spelling: Spelling) -> tuple[ir.Value, ir.Value, ir.Value]:
    """A source as text: the input `string[batch]`, ids `[batch, source]` and lengths `[batch]`."""
    vocabulary = spelling.sources[name]
    lines = ir.Value(name=f"{name}_text", shape=ir.Shape(["batch"]), type=STRING)
    separator = spelling.separator(name)
    if vocabulary.kind == "characters" and not separator:
        ids, lengths = _by_tokenizer(e, lines, vocabulary)
    else:
        # Without a delimiter, StringSplit takes any number of spaces for one.
        cut = lines if separator else _spaced(e, lines)
        pieces, lengths = e.many("StringSplit", [cut], 2, delimiter=separator or None)
        ids = _ids(e, pieces, vocabulary)
    if vocabulary.end:
        ids = e.op("Concat", ids, _column(e, ids, e.ints(0)), axis=-1)
        here = e.op("Equal", _places(e, ids), e.op("Unsqueeze", lengths, e.ints(-1)))
        ids = e.op("Where", here, e.ints(vocabulary.special.eos), ids)
        lengths = e.op("Add", lengths, e.ints(1))
    return lines, ids, lengths


def spoken(e: Emitter, tokens: ir.Value, lengths: ir.Value, vocabulary: Vocabulary) -> ir.Value:
    """The lines `string[batch, n_best]` of ids `[batch, n_best, length]`, up to the end symbol."""
    special = vocabulary.special
    own = e.op("Less", _places(e, tokens), e.op("Unsqueeze", lengths, e.ints(-1)))
    for silent in (special.pad, special.bos):
        own = e.op("And", own, e.op("Not", e.op("Equal", tokens, e.ints(silent))))
    ends = e.op("Cast", e.op("Equal", tokens, e.ints(special.eos)), to=ir.DataType.INT64)
    before = e.op("Equal", e.op("CumSum", ends, e.const(np.int64(-1))), e.ints(0))
    own = e.op("And", own, before)
    units = _label(
        e,
        e.op("Where", own, tokens, e.ints(NOTHING)),
        keys_int64s=range(vocabulary.size),
        values_strings=vocabulary.symbols,
        default_string="",
    )
    if vocabulary.kind == "words":
        order = e.op("CumSum", e.op("Cast", own, to=ir.DataType.INT64), e.const(np.int64(-1)))
        later = e.op("And", own, e.op("Greater", order, e.ints(1)))
        blanks = e.op("Where", later, _string(e, " "), _string(e, ""))
        units = e.op("StringConcat", blanks, units)
    return joined(e, units, rank=3)


def joined(e: Emitter, pieces: ir.Value, rank: int) -> ir.Value:
    """Texts along the last axis put together, neighbours first: as many rounds as log2 of it."""
    lead = e.op("Shape", pieces, start=0, end=-1)
    empty = e.op("Expand", _string(e, ""), e.op("Concat", lead, e.ints(1), axis=0))
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


def _spaced(e: Emitter, lines: ir.Value) -> ir.Value:
    """Lines with a space for every white space: StringSplit knows no other.

    Most lines have no other, which one look tells, and then nothing is done.
    """
    others = [mark for mark in WHITE_SPACE if mark != " "]
    pattern = "".join(f"\\x{{{ord(mark):x}}}" for mark in others)
    found = e.op("RegexFullMatch", lines, pattern=f"(?s).*[{pattern}].*")
    marked = e.op("Cast", found, to=ir.DataType.INT64)
    # A zero more, since there may be no line at all.
    count = e.op("ReduceSum", e.op("Concat", marked, e.ints(0), axis=0), keepdims=0)
    then, otherwise = e.inner(), e.inner()
    cut = lines
    for mark in others:
        pieces = then.many("StringSplit", [cut], 2, delimiter=mark)[0]
        cut = joined(then, then.op("StringConcat", pieces, _string(e, " ")), rank=2)
    same = otherwise.op("Identity", lines)
    cut.type = same.type = STRING
    return e.op(
        "If",
        e.op("Greater", count, e.const(np.int64(0))),
        then_branch=ir.Graph([], [cut], nodes=then.nodes, name=e.name("then")),
        else_branch=ir.Graph([], [same], nodes=otherwise.nodes, name=e.name("else")),
    )


def _by_tokenizer(e: Emitter, lines: ir.Value, vocabulary: Vocabulary) -> tuple[ir.Value, ir.Value]:
    """Ids and lengths of lines that onnxruntime's Tokenizer cuts into characters."""
    # One more line keeps every size from 0, which the operator and reductions stumble over.
    more = e.op("Concat", lines, _string(e, " "), axis=0)
    pieces = e.op(
        "Tokenizer",
        more,
        domain="com.microsoft",
        mark=0,
        mincharnum=1,
        pad_value="",
        separators=[""],
    )
    # Said, since the checker knows no operators of this domain, and falls over what it knows not.
    pieces.type, pieces.shape = STRING, ir.Shape([None, None])
    is_text = e.op("Not", e.op("Equal", pieces, _string(e, "")))
    counts = e.op("ReduceSum", e.op("Cast", is_text, to=ir.DataType.INT64), e.ints(-1), keepdims=0)
    first, last, rows = e.ints(0), e.ints(-1), e.ints(0)
    ids = e.op("Slice", _ids(e, pieces, vocabulary), first, last, rows)
    return ids, e.op("Slice", counts, first, last, rows)


def _ids(e: Emitter, pieces: ir.Value, vocabulary: Vocabulary) -> ir.Value:
    table = vocabulary.ordinary
    return _label(
        e,
        pieces,
        keys_strings=[*table],
        values_int64s=[*table.values()],
        default_int64=vocabulary.special.unk,
    )


def _label(e: Emitter, x: ir.Value, **attrs: object) -> ir.Value:
    return e.op("LabelEncoder", x, domain="ai.onnx.ml", **attrs)


def _places(e: Emitter, x: ir.Value) -> ir.Value:
    """The numbers of the last axis: `int64[length]`."""
    count = e.op("Squeeze", e.op("Shape", x, start=-1))
    return e.op("Range", e.const(np.int64(0)), count, e.const(np.int64(1)))


def _column(e: Emitter, x: ir.Value, value: ir.Value) -> ir.Value:
    """One more place for the last axis of a matrix: `[batch, 1]`."""
    rows = e.op("Concat", e.op("Shape", x, start=0, end=1), e.ints(1), axis=0)
    return e.op("Expand", value, rows)


def _string(e: Emitter, text: str) -> ir.Value:
    """A constant text: `string[1]`."""
    key = ("string", text)
    if key not in e.constants:
        name = e.name("string")
        tensor = ir.StringTensor([text.encode()], shape=ir.Shape([1]), name=name)
        e.constants[key] = ir.Value(name=name, shape=ir.Shape([1]), type=STRING, const_value=tensor)
    return e.constants[key]
