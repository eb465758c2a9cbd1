"""Byte-level BPE in a file: lines to units by onnxruntime-extensions, units to lines by bytes.

The operator `GPT2Tokenizer` does what it was made for, with two exceptions: a line ends for it at
NUL, and the text `<|endoftext|>` is one symbol. So both are written with halves of a surrogate
pair first, which no line has; merges of their bytes lead to the unit that is meant.

Its decoder stops at bytes that are no UTF-8, which a model may well write; so here operators of
the standard decode, and U+FFFD stands for what is no character, as the Unicode standard recommends
(chapter 3, substitution of maximal subparts).
"""

from __future__ import annotations

import json

import numpy as np
import onnx_ir as ir

from s2sgraph.text import BytePairs, Vocabulary, byte_pairs, bytes_of, unit_of

from .emitter import Array, Emitter
from .strings import joined, replaced, string, strings

DOMAIN, OPSET = "ai.onnx.contrib", 1
_END_OF_TEXT = "<|endoftext|>"
_HALVES = {b"\xed\xa0\x80": b"\0", b"\xed\xa0\x81": b"<"}
"""The bytes of U+D800 and U+D801, as if they were characters, and what they stand for."""
_NUL, _LESS = _HALVES
_REPLACEMENT, _NOTHING = 256, 257


def cut(e: Emitter, lines: ir.Value, vocabulary: Vocabulary) -> tuple[ir.Value, ir.Value]:
    """Ids `[batch, source]` and lengths `[batch]` of lines `string[batch]`."""
    pairs = byte_pairs(vocabulary.units)
    hidden = replaced(e, lines, {"\0": _NUL, _END_OF_TEXT: _LESS + _END_OF_TEXT[1:].encode()})
    # One more line keeps every size from 0, which reductions stumble over.
    more = e.op("Concat", hidden, string(e, " "), axis=0)
    units, own = e.many(
        "GPT2Tokenizer", [more], 2, domain=DOMAIN, padding_length=-1, **_attributes(pairs)
    )
    # Said, since the checker knows no operators of this domain, and falls over what it knows not.
    for value in (units, own):
        value.type, value.shape = ir.TensorType(ir.DataType.INT64), ir.Shape([None, None])
    known = vocabulary.ordinary
    table = [known.get(unit, vocabulary.special.unk) for unit in pairs.units]
    # Padding has a number that is none of a unit.
    ids = e.op("Gather", e.ints(*table), e.op("Mul", units, own))
    counts = e.op("ReduceSum", own, e.ints(-1), keepdims=0)
    first, last, rows = e.ints(0), e.ints(-1), e.ints(0)
    return e.op("Slice", ids, first, last, rows), e.op("Slice", counts, first, last, rows)


def _attributes(pairs: BytePairs) -> dict[str, str]:
    """Units with their numbers, and merges, as the operator takes them."""
    numbers = {unit: number for number, unit in enumerate(pairs.units)}
    merges = []
    for half, meant in _HALVES.items():
        start = unit_of(half[:-1])
        numbers[start] = len(pairs.units)
        numbers[unit_of(half)] = numbers[unit_of(meant)]
        merges += [(unit_of(half[:1]), unit_of(half[1:2])), (start, unit_of(half[2:]))]
    return {
        "vocab": json.dumps(numbers, ensure_ascii=False),
        "merges": "\n".join(map(" ".join, dict.fromkeys([*merges, *pairs.merges]))),
    }


def decoded(e: Emitter, tokens: ir.Value, own: ir.Value, vocabulary: Vocabulary) -> ir.Value:
    """The lines `string[batch, n_best]` of those ids `[batch, n_best, length]` that are own."""
    codes, counts = _bytes(e, tokens, own, vocabulary)
    texts = [bytes([byte]) for byte in range(256)] + ["\ufffd".encode(), b""]
    return joined(e, e.op("Gather", strings(e, texts), _rows(e, _characters(e, codes), counts)), 3)


def _bytes(
    e: Emitter, tokens: ir.Value, own: ir.Value, vocabulary: Vocabulary
) -> tuple[ir.Value, ir.Value]:
    """The bytes of all rows, `[bytes]`, and how many each row has, `[batch, n_best]`.

    A line feed, which is not counted, stands after each row, so no character goes on in the next.
    """
    end, silent = vocabulary.size, vocabulary.size + 1
    spelled = [*map(bytes_of, vocabulary.symbols), b"\n", b""]
    sizes = np.array([len(text) for text in spelled], np.int64)
    starts, sizes_of = e.const(np.cumsum(sizes) - sizes), e.const(sizes)
    lead = e.op("Shape", tokens, start=0, end=-1)
    ends = e.op("Expand", e.ints(end), e.op("Concat", lead, e.ints(1), axis=0))
    kept = e.op("Concat", e.op("Where", own, tokens, e.ints(silent)), ends, axis=-1)
    counts = e.op("ReduceSum", e.op("Gather", sizes_of, kept), e.ints(-1), keepdims=0)
    # One more end keeps every size from 0, which reductions stumble over.
    units = e.op("Concat", e.op("Reshape", kept, e.ints(-1)), e.ints(end), axis=0)
    widths = e.op("Gather", sizes_of, units)
    width = e.op("ReduceMax", widths, keepdims=0)
    column = e.op("Range", e.const(np.int64(0)), width, e.const(np.int64(1)))
    has = e.op("Less", column, e.op("Unsqueeze", widths, e.ints(-1)))
    first = e.op("Unsqueeze", e.op("Gather", starts, units), e.ints(-1))
    where = e.op("Where", has, e.op("Add", first, column), e.ints(0))
    alphabet = e.const(np.frombuffer(b"".join(spelled), np.uint8))
    found = e.op("Compress", e.op("Gather", alphabet, where), e.op("Reshape", has, e.ints(-1)))
    return e.op("Cast", found, to=ir.DataType.INT64), e.op("Sub", counts, e.ints(1))


def _characters(e: Emitter, codes: ir.Value) -> ir.Value:
    """What to write for each byte: itself, U+FFFD, or nothing; `[bytes]`.

    A byte that starts a character is never in the middle of another, so each can be looked at
    alone: how many of the bytes that it asks for come after it, and whether that is all of them.
    """
    after = e.op("Concat", codes, e.ints(0, 0, 0), axis=0)
    second, third, fourth = (_part(e, after, n, n - 3 or 2**31 - 1) for n in (1, 2, 3))
    asked, low, high = (e.op("Gather", e.const(table), codes) for table in _table())
    one = e.op("And", e.op("GreaterOrEqual", second, low), e.op("LessOrEqual", second, high))
    goes_on = e.const(np.array([0x80 <= byte < 0xC0 for byte in range(256)]))
    two = e.op("And", e.op("Greater", asked, e.ints(1)), e.op("Gather", goes_on, third))
    three = e.op("And", e.op("Greater", asked, e.ints(2)), e.op("Gather", goes_on, fourth))
    two = e.op("And", one, two)
    three = e.op("And", two, three)
    steps = [e.op("Cast", step, to=ir.DataType.INT64) for step in (one, two, three)]
    come = e.op("Add", e.op("Add", steps[0], steps[1]), steps[2])
    whole = e.op("Equal", come, asked)
    inside, of_whole = (
        _reached(e, reach) for reach in (come, e.op("Where", whole, come, e.ints(0)))
    )
    within = e.op("Where", of_whole, codes, e.ints(_NOTHING))
    return e.op("Where", inside, within, e.op("Where", whole, codes, e.ints(_REPLACEMENT)))


def _table() -> Array:
    """For each byte how many more it asks for, and the least and the greatest that can come next.

    This is table 3-7 of the Unicode standard. Bytes that start nothing ask for -1.
    """
    table = np.array([[-1, 256, -1]] * 256, np.int64)
    table[:0x80, 0] = 0
    for first, last, asked in ((0xC2, 0xDF, 1), (0xE0, 0xEF, 2), (0xF0, 0xF4, 3)):
        table[first : last + 1] = asked, 0x80, 0xBF
    table[0xE0, 1], table[0xED, 2], table[0xF0, 1], table[0xF4, 2] = 0xA0, 0x9F, 0x90, 0x8F
    return table.T


def _reached(e: Emitter, reach: ir.Value) -> ir.Value:
    """Whether one of the three bytes before each reaches to it."""
    before = e.op("Concat", e.ints(0, 0, 0), reach, axis=0)
    found = [
        e.op("GreaterOrEqual", _part(e, before, 3 - back, -back), e.ints(back))
        for back in (1, 2, 3)
    ]
    return e.op("Or", e.op("Or", found[0], found[1]), found[2])


def _part(e: Emitter, x: ir.Value, start: int, stop: int) -> ir.Value:
    return e.op("Slice", x, e.ints(start), e.ints(stop), e.ints(0))


def _rows(e: Emitter, codes: ir.Value, counts: ir.Value) -> ir.Value:
    """Codes of all rows, `[bytes]`, in rows padded with nothing: `[batch, n_best, width]`."""
    flat = e.op("Reshape", counts, e.ints(-1))
    first = e.op("CumSum", e.op("Add", flat, e.ints(1)), e.const(np.int64(0)), exclusive=1)
    starts = e.op("Reshape", first, e.op("Shape", counts), allowzero=1)
    width = e.op("ReduceMax", e.op("Concat", flat, e.ints(0), axis=0), keepdims=0)
    column = e.op("Range", e.const(np.int64(0)), width, e.const(np.int64(1)))
    has = e.op("Less", column, e.op("Unsqueeze", counts, e.ints(-1)))
    where = e.op("Add", e.op("Unsqueeze", starts, e.ints(-1)), column)
    found = e.op("Gather", codes, e.op("Where", has, where, e.ints(0)))
    return e.op("Where", has, found, e.ints(_NOTHING))
