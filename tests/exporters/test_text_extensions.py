"""Files that read and write subwords: by onnxruntime-extensions, as the vocabulary does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from compiled import EXAMPLES, NAMES, smaller, trained
from s2sgraph_exporters.onnx import subwords
from s2sgraph_exporters.onnx.emitter import Emitter
from s2sgraph_exporters.onnx.strings import STRING

from s2sgraph import Session
from s2sgraph.exporting import ExportError
from s2sgraph.model import compile as compile_model
from s2sgraph.runtime import ModelError, extensions
from s2sgraph.spec import load, loads
from s2sgraph.spec.dumping import plain
from s2sgraph.text import Special, Subwords, Vocabulary, bytes_of, settled, unit_of
from s2sgraph.text.byte_pairs import ALPHABET

pytestmark = pytest.mark.skipif(
    extensions.operators() is None, reason="needs onnxruntime-extensions"
)
SPECIALS = [
    Special(),
    Special(pad=5, bos=0, eos=9, unk=2),
    Special(pad=0, bos=0, eos=1, unk=2),
    Special(pad=620, bos=619, eos=3, unk=40),
]
BLANKS = [*" \t\n\v\f\r\x1c\x1f\xa0\u1680\u2003\u2028\u202f\u3000\u200b\ufeff", "  ", "\r\n", "   "]
PIECES = [
    *("the", "cat", "it's", "we'll", "Straße", "é", "e\u0301", "漢字", "𝄞", "😀👍🏽", "123", "½"),
    *("Ⅷ", "...", "!?", "a_b", "नमस्ते", "العربية", "ไทย", "\u0301", "_", "²", "x\ufffd", "'S", "٣"),
    *("<|endoftext|>", "<|endoftext|", "<", "|>", "<|endoftext|><|endoftext|>", "\0", "\0\0"),
    *("'", "''", "'re've", "\x7f", "\x80", "\ue000", "\U0010ffff", "\ufffe", "Я", "한국", "\x9f"),
]


def lines_of(count, seed=0):
    """Lines of words, signs and blanks of all kinds."""
    random = np.random.default_rng(seed)

    def line():
        drawn = random.integers(len(PIECES), size=random.integers(0, 15))
        blanks = random.integers(2 * len(BLANKS), size=len(drawn))
        between = [*BLANKS, *[""] * len(BLANKS)]
        return "".join(PIECES[i] + between[j] for i, j in zip(drawn, blanks, strict=True))

    return [line() for _ in range(count)]


LINES = [
    *lines_of(1500),
    "",
    "",
    " ",
    "   ",
    "\n\n",
    "\0",
    "<|endoftext|>",
    "ab " * 5000,
    "x" * 300,
]
LEARNED = Subwords.train(lines_of(600, seed=1), 700)


def vocabulary_with(special, units=LEARNED):
    return Vocabulary.of(units, units.symbols, special)


def opened(e, inputs, outputs, path):
    """A session of what was recorded, its outputs given under their names."""
    for name, value in outputs.items():
        value.name = name
    graph = ir.Graph(
        inputs,
        [*outputs.values()],
        nodes=e.nodes,
        initializers=[*e.constants.values()],
        opset_imports={"": 20, subwords.DOMAIN: subwords.OPSET},
        name="text",
    )
    proto = ir.to_proto(ir.Model(graph, ir_version=9))
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString())
    return extensions.opened(path, onnxruntime.SessionOptions())


def given(name, kind, *axes):
    kind = kind if kind is STRING else ir.TensorType(kind)
    return ir.Value(name=name, shape=ir.Shape(axes), type=kind)


def cutting(vocabulary, folder):
    """From lines to their ids, by operators."""
    e, lines = Emitter({}, Counter()), given("lines", STRING, "batch")
    ids, lengths = subwords.cut(e, lines, vocabulary)
    for value, axes in ((ids, ["batch", "source"]), (lengths, ["batch"])):
        value.type, value.shape = ir.TensorType(ir.DataType.INT64), ir.Shape(axes)
    found = opened(e, [lines], {"ids": ids, "lengths": lengths}, folder / "in.onnx")

    def cut(texts):
        rows, sizes = found.run(["ids", "lengths"], {"lines": np.array(texts, object)})
        assert rows.shape[0] == sizes.shape[0] == len(texts)
        return [row[:size].tolist() for row, size in zip(rows, sizes, strict=True)]

    return cut


def joining(vocabulary, folder):
    """From ids `[batch, n_best, length]` to lines, by operators."""
    e = Emitter({}, Counter())
    axes = ("batch", "n_best", "length")
    tokens, own = given("tokens", ir.DataType.INT64, *axes), given("own", ir.DataType.BOOL, *axes)
    text = subwords.decoded(e, tokens, own, vocabulary)
    text.type, text.shape = STRING, ir.Shape(axes[:2])
    found = opened(e, [tokens, own], {"text": text}, folder / "out.onnx")
    return lambda tokens, own: found.run(["text"], {"tokens": tokens, "own": own})[0]


# ------------------------------------------------------------------ the operators alone


@pytest.mark.parametrize("special", SPECIALS, ids=str)
def test_lines_have_the_ids_of_the_vocabulary(special, tmp_path):
    vocabulary = vocabulary_with(special)
    cut = cutting(vocabulary, tmp_path)
    for start in range(0, len(LINES), 37):
        batch = LINES[start : start + 37]
        assert cut(batch) == [vocabulary.encode(line) for line in batch]
    assert cut([]) == []
    assert cut([""]) == [[]]


def test_units_that_the_vocabulary_lacks_are_unknown(tmp_path):
    units = [unit for unit in LEARNED.symbols if len(unit) == 1 or "e" not in unit]
    vocabulary = Vocabulary.of(LEARNED, units)
    cut = cutting(vocabulary, tmp_path)
    expected = [vocabulary.encode(line) for line in LINES[:200]]
    assert cut(LINES[:200]) == expected
    assert any(vocabulary.special.unk in row for row in expected)


@pytest.mark.parametrize("size", [256, 320])
def test_few_units(size, tmp_path):
    vocabulary = vocabulary_with(Special(), Subwords.train(["# ## ###"] * 5, size))
    assert cutting(vocabulary, tmp_path)(["# ## é"]) == [vocabulary.encode("# ## é")]


def telling():
    """Units that tell letters, digits, signs and white space: of one of them and what follows."""
    bytes_ = sorted(ALPHABET)
    merges = [
        (first, unit_of(bytes([second])))
        for first in ("a", "1", "!", unit_of(b" "))
        for second in range(256)
        if not 0x80 <= second < 0xC0 and chr(second) not in "a1! "
    ]
    units = [*bytes_, *map("".join, merges)]
    model = {"type": "BPE", "vocab": {u: i for i, u in enumerate(units)}, "merges": merges}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    parts = {"pre_tokenizer": level, "decoder": level}
    return Subwords(json.dumps({"version": "1.0", **parts, "model": model}))


@pytest.mark.parametrize(
    "last", [0x3000, pytest.param(sys.maxunicode, marks=pytest.mark.long)], ids=hex
)
def test_every_character_is_of_the_same_kind(last, tmp_path):
    vocabulary = vocabulary_with(Special(), telling())
    cut = cutting(vocabulary, tmp_path)
    characters = settled("".join(map(chr, (c for c in range(last) if not 0xD800 <= c < 0xE000))))
    for form in ("a{}", "1{}", "!{}", " {}", "{} a", "{}a"):
        cells = [form.format(character) for character in characters]
        lines = ["".join(cells[i : i + 16]) for i in range(0, len(cells), 16)]
        for start in range(0, len(lines), 256):
            batch = lines[start : start + 256]
            assert cut(batch) == [vocabulary.encode(line) for line in batch]


@pytest.mark.parametrize("special", SPECIALS, ids=str)
def test_ids_spell_what_the_vocabulary_spells(special, tmp_path):
    vocabulary = vocabulary_with(special)
    join = joining(vocabulary, tmp_path)
    random = np.random.default_rng(0)
    parts = [index for index, unit in enumerate(vocabulary.symbols) if bytes_of(unit)[0] >= 0x80]
    # First bytes and bounds of what can come second, which few draws would put together.
    bounds = b"\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xed\xef\xf0\xf1\xf4\xf5\xff"
    edges = [vocabulary.symbols.index(unit_of(bytes([byte]))) for byte in bounds]
    broken = 0
    for number in range(300):
        pool = [range(vocabulary.size), parts, edges][number % 3]
        shape = random.integers(0, 5), random.integers(1, 4), random.integers(0, 25)
        tokens = random.choice(pool, shape)
        own = random.random(shape) < 0.9
        found = join(tokens, own)
        assert found.shape == shape[:2]
        for place in np.ndindex(found.shape):
            units = [vocabulary.symbols[index] for index in tokens[place][own[place]]]
            assert found[place] == LEARNED.join(units)
            broken += "\ufffd" in found[place]
    assert broken > 500


# ------------------------------------------------------------------ whole files


def side_of(folder, units=LEARNED, **settings):
    path = folder / "tokenizer.json"
    path.write_text(units.model)
    return {"tokens": "subwords", "file": str(path), **settings}


def model_with(name, source, target, **changes):
    data = {**plain(load(EXAMPLES[NAMES.index(name)])), **changes}
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    data["source"], data["target"] = source, {**data["target"], **target}
    return compile_model(loads(json.dumps(data, ensure_ascii=False)))


def exported(model, folder, **settings):
    return Session(model.export(folder / "model.onnx", trained(model), **settings), threads=1)


WORDS = {"tokens": "words", "symbols": [f"s{i}" for i in range(9)]}
CHARACTERS = {"tokens": "characters", "symbols": [*"abcdef é𝄞"]}


@pytest.mark.parametrize(
    ("other", "end"), [(None, True), (WORDS, False), (CHARACTERS, False)], ids=str
)
def test_a_session_gives_the_same_with_text_and_without(other, end, tmp_path):
    search = {"kind": "sample", "n_best": 3, "max_length": 9}
    side = side_of(tmp_path)
    source = {**(other or side), "end": end}
    model = model_with("specs/dates", source, side, search=search)
    ids = exported(model, tmp_path)
    texts = exported(model, tmp_path, text="extensions")
    lines = [*LINES[:12], "", "s1 s2", "bad"]
    expected, found = ids.run(lines), texts.run(lines, batch_size=7)
    for one, other in zip(expected, found, strict=True):
        assert [h.tokens for h in one] == [h.tokens for h in other]
        assert [h.text for h in one] == [h.text for h in other]
    written = {hypothesis.text for result in found for hypothesis in result}
    assert len(written) > 3
    assert any("\ufffd" in text for text in written)


@pytest.mark.parametrize("special", [SPECIALS[1], SPECIALS[-1]], ids=str)
def test_special_symbols_are_never_text(special, tmp_path):
    # A tagger may choose the end symbol anywhere, and goes on after it.
    side, search = side_of(tmp_path), {"kind": "sample"}
    model = model_with("specs/tagger", side, side, special=special.to_json(), search=search)
    weights = trained(model)
    bias = next(array for path, array in weights.items() if path.endswith("output.bias"))
    bias[[*special.to_json().values()]] += 5
    ids, texts = (
        Session(model.export(tmp_path / "model.onnx", weights, text=form), threads=1)
        for form in (None, "extensions")
    )
    lines = LINES[:25]
    expected, found = ids.run(lines), texts.run(lines)
    assert [result.tokens for result in found] == [result.tokens for result in expected]
    assert [result.text for result in found] == [result.text for result in expected]
    assert any(special.eos in result.tokens[:-1] for result in found)


def test_no_lines_and_no_length(tmp_path):
    side = side_of(tmp_path)
    session = exported(model_with("specs/dates", side, side), tmp_path, text="extensions")
    assert session.run([]) == []
    for lines in ([""], ["", ""], ["a"]):
        for limit in (0, 1):
            found = session.decode(source_text=np.array(lines, object), max_length=limit)
            assert found["text"].shape == (len(lines), 1)
    assert session.decode(source_text=np.array([], object))["text"].shape == (0, 1)
    assert session.run(["a"], max_length=0)[0].text == ""


def test_the_file_says_which_operators_it_needs(tmp_path):
    side = side_of(tmp_path)
    session = exported(model_with("specs/dates", side, WORDS), tmp_path, text="extensions")
    assert session.contract.extended
    proto = onnx.load(session.path)
    domains = {opset.domain: opset.version for opset in proto.opset_import}
    assert domains == {"": 20, "ai.onnx.ml": 3, "ai.onnx.contrib": 1}
    foreign = [node.op_type for node in proto.graph.node if node.domain == "ai.onnx.contrib"]
    assert foreign == ["GPT2Tokenizer"]
    # What goes out needs none but operators of the standard.
    out = exported(model_with("specs/dates", CHARACTERS, side), tmp_path, text="extensions")
    assert not out.contract.extended
    domains = {opset.domain for opset in onnx.load(out.path).opset_import}
    assert domains == {"", "ai.onnx.ml", "com.microsoft"}


def test_files_are_equal_byte_for_byte(tmp_path):
    side = side_of(tmp_path)
    model = model_with("specs/dates", side, side)
    files = [
        model.export(tmp_path / name, trained(model), text="extensions").read_bytes()
        for name in ("a.onnx", "b.onnx")
    ]
    assert files[0] == files[1]


def test_several_files_share_their_weights(tmp_path):
    side = side_of(tmp_path)
    model = model_with("specs/dates", side, side)
    files = model.export_together(
        tmp_path / "files", trained(model), graphs=["decode", "score"], text="extensions"
    )
    assert isinstance(Session(files["decode"], threads=1).run(["the cat"])[0].text, str)


# ------------------------------------------------------------------ refusals, the library


def test_other_subwords_are_refused_together(tmp_path):
    learned = Subwords.train(["a few lines of text"] * 3, 260, "unigram")
    side = side_of(tmp_path, learned)
    model = model_with("specs/dates", side, {"tokens": "ids", "size": 12})
    with pytest.raises(ExportError) as error:
        model.export(tmp_path / "model.onnx", text="extensions")
    first, second = sorted(str(error.value).splitlines())
    assert first.startswith("source: its units are found by Unigram, not by byte-level BPE; expect")
    expected = "target: ids cannot be spelled by operators of a file; expected words or characters"
    assert second.startswith(f"{expected} or subwords. Without text")
    normalized = model_with("specs/dates", side_of(tmp_path, normalize=["nfc"]), WORDS)
    with pytest.raises(ExportError, match=r"source: no operator of a file normalizes text \(nfc\)"):
        normalized.export(tmp_path / "model.onnx", text="extensions")
    plain_side = model_with("specs/dates", side_of(tmp_path), WORDS)
    with pytest.raises(ExportError, match="characters; for subwords, the form extensions"):
        plain_side.export(tmp_path / "model.onnx", text="standard")
    assert not (tmp_path / "model.onnx").exists()


def test_without_the_library_nothing_is_exported_or_loaded(tmp_path, monkeypatch):
    side = side_of(tmp_path)
    model = model_with("specs/dates", side, side)
    path = model.export(tmp_path / "model.onnx", trained(model), text="extensions")
    monkeypatch.setattr(extensions, "find_spec", lambda name: None)
    needs = r"onnxruntime-extensions, .* is not installed; pip install 's2sgraph\[extensions\]'"
    with pytest.raises(ModelError, match=rf"model.onnx: {needs}"):
        Session(path)
    with pytest.raises(ExportError, match=f"^{needs}"):
        model.export(tmp_path / "other.onnx", trained(model), text="extensions")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.onnx", "tokenizer.json"]
    # Files that do not need it are loaded without.
    assert exported(model, tmp_path).run(["the cat"])


def test_the_library_is_not_imported(tmp_path):
    side = side_of(tmp_path)
    session = exported(model_with("specs/dates", side, side), tmp_path, text="extensions")
    program = (
        "import sys; from s2sgraph.runtime import Session; "
        f"print(ascii(Session({str(session.path)!r}).run(['the cat'])[0].text)); "
        "print({'torch', 'onnx', 'onnxruntime_extensions'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    text, loaded = done.stdout.decode().splitlines()
    assert text == ascii(session.run(["the cat"])[0].text)
    assert loaded == "set()"
