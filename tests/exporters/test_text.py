"""Files that read and write text: they do to lines what the vocabularies do."""

from __future__ import annotations

import json

import numpy as np
import onnx_ir as ir
import pytest
from compiled import EXAMPLES, NAMES, smaller, trained
from engines import build_onnx, session

from s2sgraph.model import compile as compile_model
from s2sgraph.spec import load, loads
from s2sgraph.spec.dumping import plain
from s2sgraph.text import WHITE_SPACE, Spelling, sent

ODD_WORDS = ["s0", "s1", "s8", "xx", "<eos>", "<pad>", "é", "𝄞", "\u200b"]
ODD_CHARACTERS = [*"abc ", "é", "𝄞", "\u0301", "x", "\t", "\0", "\u3000"]
SYMBOLS = {"words": [f"s{i}" for i in range(9)], "characters": [*"abcdef ", "é", "𝄞"]}


def model_with(name, kind, *, special=None, **source):
    """An example whose source and target are of one kind."""
    data = plain(load(EXAMPLES[NAMES.index(name)]))
    side = {"tokens": kind, "symbols": SYMBOLS[kind]}
    data |= {"source": {**side, **source}, "target": {**data["target"], **side}}
    data |= {"special": special} if special else {}
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    return compile_model(loads(json.dumps(data, ensure_ascii=False)))


def lines_of(kind, count=60, seed=0):
    """Lines with known and unknown units, and with every kind of white space between words."""
    random = np.random.default_rng(seed)

    def drawn(pool, least, most):
        return [pool[i] for i in random.integers(len(pool), size=random.integers(least, most))]

    if kind == "characters":
        lines = ["".join(drawn(ODD_CHARACTERS, 0, 12)) for _ in range(count)]
        return [*lines, "", " ", "  "]
    marks = [*WHITE_SPACE, *" " * 40]
    lines = [
        "".join(word + "".join(drawn(marks, 1, 3)) for word in drawn(ODD_WORDS, 0, 9))
        for _ in range(count)
    ]
    every = "s0".join(WHITE_SPACE) + "\t\t\n \r\ns1"
    return [*lines, "", " ", "\t", "  s0", "s0\r\n", every]


def run(found, **inputs):
    names = [output.name for output in found.get_outputs()]
    return dict(zip(names, found.run(names, inputs), strict=True))


def spelled(model, form="standard"):
    """The model's decode file as text, and the file of ids."""
    weights, tables = trained(model), model.vocabularies
    spelling = Spelling({"source": tables["source"]}, tables["target"], form)
    return spelling, *(
        session(build_onnx(model.trace("decode"), weights, spelling=how))
        for how in (spelling, None)
    )


def by_ids(found, vocabulary, lines, max_length):
    """What the file of ids gives for lines that the vocabulary cut."""
    rows = [vocabulary.encode(line) for line in lines]
    lengths = np.array([len(row) for row in rows], np.int64)
    source = np.zeros((len(rows), lengths.max(initial=0)), np.int64)
    for number, row in enumerate(rows):
        source[number, : len(row)] = row
    limit = np.array(max_length, np.int64)
    return run(found, source=source, source_length=lengths, max_length=limit)


CASES = [
    ("words", "standard", {}),
    ("words", "standard", {"end": True}),
    ("characters", "standard", {}),
    ("characters", "onnxruntime", {}),
    ("characters", "onnxruntime", {"end": True}),
]


@pytest.mark.parametrize(("kind", "form", "settings"), CASES)
def test_lines_give_what_their_ids_give(kind, form, settings):
    model = model_with("specs/dates", kind, **settings)
    spelling, texts, ids = spelled(model, form)
    source, target = model.vocabularies["source"], model.vocabularies["target"]
    lines = lines_of(kind)
    separator = spelling.separator("source")
    sent = [separator.join(line) if separator else line for line in lines]
    expected = by_ids(ids, source, lines, 12)
    found = run(texts, source_text=np.array(sent, object), max_length=np.array(12))
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    rows = zip(expected["tokens"][:, 0], expected["lengths"][:, 0], strict=True)
    assert found["text"].tolist() == [[target.decode(row[:length])] for row, length in rows]
    assert len({text for (text,) in found["text"].tolist()}) > 1


@pytest.mark.parametrize(("kind", "form", "settings"), CASES)
@pytest.mark.parametrize("lines", [[], [""], ["", ""]], ids=len)
@pytest.mark.parametrize("max_length", [0, 1, 4])
def test_no_lines_and_empty_lines(kind, form, settings, lines, max_length):
    model = model_with("specs/dates", kind, **settings)
    _, texts, ids = spelled(model, form)
    limit = np.array(max_length)
    found = run(texts, source_text=np.array(lines, object), max_length=limit)
    expected = by_ids(ids, model.vocabularies["source"], lines, max_length)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert found["text"].shape == (len(lines), 1)
    if max_length == 0:
        assert found["text"].tolist() == [[""]] * len(lines)


@pytest.mark.parametrize(
    "special",
    [
        {"pad": 3, "bos": 2, "eos": 1, "unk": 0},
        {"pad": 5, "bos": 0, "eos": 9, "unk": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["words", "characters"])
def test_special_symbols_are_never_text(special, kind):
    # A tagger may choose the end symbol anywhere, and goes on after it.
    model = model_with("specs/tagger", kind, special=special)
    spelling, texts, ids = spelled(model)
    target = model.vocabularies["target"]
    lines = lines_of(kind, 200)
    separator = spelling.separator("source")
    sent = [separator.join(line) if separator else line for line in lines]
    expected = by_ids(ids, model.vocabularies["source"], lines, -1)
    found = run(texts, source_text=np.array(sent, object), max_length=np.array(-1))
    rows = list(zip(expected["tokens"][:, 0], expected["lengths"][:, 0], strict=True))
    assert any(special["eos"] in row[: length - 1] for row, length in rows)
    assert found["text"].tolist() == [[target.decode(row[:length])] for row, length in rows]


@pytest.mark.long
def test_other_runtimes_read_and_write_the_same(runtime, tmp_path):
    asked, wanted = [], []
    for number, (kind, form, settings) in enumerate(CASES):
        model = model_with("specs/dates", kind, **settings)
        weights, tables = trained(model), model.vocabularies
        spelling = Spelling({"source": tables["source"]}, tables["target"], form)
        built = build_onnx(model.trace("decode"), weights, spelling=spelling)
        path = tmp_path / f"{number}.onnx"
        ir.save(built, path)
        separator = spelling.separator("source")
        # Texts come to wasm as C has them: NUL is their end.
        lines = [line for line in lines_of(kind) if "\0" not in line]
        several = [sent(tables["source"], line, separator) for line in lines]
        for batch in (several, [""], ["", ""], []):
            feed = {"source_text": np.array(batch, object), "max_length": np.array(9)}
            copy = tmp_path / f"{number}.{len(asked)}.onnx"
            copy.write_bytes(path.read_bytes())
            asked.append((copy, feed))
            wanted.append(run(session(built), **feed))
    for expected, found in zip(wanted, runtime(asked), strict=True):
        assert found["text"].tolist() == expected["text"].tolist()
        np.testing.assert_array_equal(found["tokens"], expected["tokens"])
        np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-4)


def test_white_space_is_what_python_splits_at():
    assert [*WHITE_SPACE] == [chr(code) for code in range(0x110000) if chr(code).isspace()]
