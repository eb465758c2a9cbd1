"""Text in and out of a file: lines to ids before the encoder, ids to lines after the search.

Operators of the standard can cut a text at one delimiter, not into characters. So lines of words
are taken as they are, and lines of characters with a separator between each two; with the form
`onnxruntime`, an operator of its own, which every build of it has, cuts lines into characters; with
the form `extensions`, one of onnxruntime-extensions cuts them into subwords besides.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from s2sgraph.text import WHITE_SPACE, Spelling, Vocabulary

from . import subwords
from .emitter import Emitter
from .strings import STRING, joined, places, replaced, string

ML_OPSET, TOKENIZER_OPSET = 3, 1
NOTHING = -1
"""The id of what is not text."""
SPACES = {mark: " " for mark in WHITE_SPACE if mark != " "}


def opsets(spelling: Spelling) -> dict[str, int]:
    """The operator sets that text needs besides the standard one."""
    kinds = {vocabulary.kind for vocabulary in spelling.sources.values()}
    domains = {"ai.onnx.ml": ML_OPSET}
    if spelling.form != "standard" and "characters" in kinds:
        domains["com.microsoft"] = TOKENIZER_OPSET
    if "subwords" in kinds:
        domains[subwords.DOMAIN] = subwords.OPSET
    return domains


def entered(e: Emitter, name: str, spelling: Spelling) -> tuple[ir.Value, ir.Value, ir.Value]:
    """A source as text: the input `string[batch]`, ids `[batch, source]` and lengths `[batch]`."""
    vocabulary = spelling.sources[name]
    lines = ir.Value(name=f"{name}_text", shape=ir.Shape(["batch"]), type=STRING)
    separator = spelling.separator(name)
    if vocabulary.kind == "subwords":
        ids, lengths = subwords.cut(e, lines, vocabulary)
    elif vocabulary.kind == "characters" and not separator:
        ids, lengths = _by_tokenizer(e, lines, vocabulary)
    else:
        # Without a delimiter, StringSplit takes any number of spaces for one.
        # For any other white space it is given one.
        cut = lines if separator else replaced(e, lines, SPACES)
        pieces, lengths = e.many("StringSplit", [cut], 2, delimiter=separator or None)
        ids = _ids(e, pieces, vocabulary)
    if vocabulary.end:
        ids = e.op("Concat", ids, _column(e, ids, e.ints(0)), axis=-1)
        here = e.op("Equal", places(e, ids), e.op("Unsqueeze", lengths, e.ints(-1)))
        ids = e.op("Where", here, e.ints(vocabulary.special.eos), ids)
        lengths = e.op("Add", lengths, e.ints(1))
    return lines, ids, lengths


def spoken(e: Emitter, tokens: ir.Value, lengths: ir.Value, vocabulary: Vocabulary) -> ir.Value:
    """The lines `string[batch, n_best]` of ids `[batch, n_best, length]`, up to the end symbol."""
    special = vocabulary.special
    own = e.op("Less", places(e, tokens), e.op("Unsqueeze", lengths, e.ints(-1)))
    for silent in (special.pad, special.bos):
        own = e.op("And", own, e.op("Not", e.op("Equal", tokens, e.ints(silent))))
    ends = e.op("Cast", e.op("Equal", tokens, e.ints(special.eos)), to=ir.DataType.INT64)
    before = e.op("Equal", e.op("CumSum", ends, e.const(np.int64(-1))), e.ints(0))
    own = e.op("And", own, before)
    if vocabulary.kind == "subwords":
        return subwords.decoded(e, tokens, own, vocabulary)
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
        blanks = e.op("Where", later, string(e, " "), string(e, ""))
        units = e.op("StringConcat", blanks, units)
    return joined(e, units, rank=3)


def _by_tokenizer(e: Emitter, lines: ir.Value, vocabulary: Vocabulary) -> tuple[ir.Value, ir.Value]:
    """Ids and lengths of lines that onnxruntime's Tokenizer cuts into characters."""
    # One more line keeps every size from 0, which the operator and reductions stumble over.
    more = e.op("Concat", lines, string(e, " "), axis=0)
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
    is_text = e.op("Not", e.op("Equal", pieces, string(e, "")))
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


def _column(e: Emitter, x: ir.Value, value: ir.Value) -> ir.Value:
    """One more place for the last axis of a matrix: `[batch, 1]`."""
    rows = e.op("Concat", e.op("Shape", x, start=0, end=1), e.ints(1), axis=0)
    return e.op("Expand", value, rows)
