"""Files of lines: exported, verified, and run by a session as files of ids are."""

from __future__ import annotations

import json

import numpy as np
import pytest
from compiled import EXAMPLES, NAMES, smaller, trained

from s2sgraph import Session
from s2sgraph.exporting import ExportError
from s2sgraph.model import compile as compile_model
from s2sgraph.runtime import ModelError
from s2sgraph.spec import load, loads
from s2sgraph.spec.dumping import plain
from s2sgraph.text import SEPARATOR, Subwords

WORDS = {"tokens": "words", "symbols": [f"s{i}" for i in range(9)]}
CHARACTERS = {"tokens": "characters", "symbols": [*"abcdef é𝄞"]}


def model_of(name="specs/dates", **changes):
    data = {**plain(load(EXAMPLES[NAMES.index(name)])), **changes}
    data = {key: value for key, value in data.items() if value is not None}
    data |= {key: smaller(data[key]) for key in data if "coder" in key}
    return compile_model(loads(json.dumps(data, ensure_ascii=False)))


def exported(model, folder, **settings):
    return Session(model.export(folder / "model.onnx", trained(model), **settings), threads=1)


LINES = {
    "words": ["s0 s1", "", " s3\t\u3000s8  xx ", "s4\u2028s5\r\n", "<eos> s1 é", "s1"],
    "characters": ["bad", "", "a\u0301 b", "é𝄞\t", f"a{SEPARATOR}b", "x", "  "],
}


@pytest.mark.parametrize(
    ("side", "form"), [(WORDS, "standard"), (CHARACTERS, "standard"), (CHARACTERS, "onnxruntime")]
)
@pytest.mark.parametrize("end", [False, True])
def test_a_session_gives_the_same_with_text_and_without(side, form, end, tmp_path):
    search = {"kind": "beam", "beams": 3, "n_best": 2, "max_length": 9}
    model = model_of(source={**side, "end": end}, target=side, search=search)
    ids = exported(model, tmp_path)
    texts = exported(model, tmp_path, text=form)
    lines = LINES[side["tokens"]]
    expected, found = ids.run(lines), texts.run(lines, batch_size=4)
    for one, other in zip(expected, found, strict=True):
        assert [h.tokens for h in one] == [h.tokens for h in other]
        assert [h.text for h in one] == [h.text for h in other]
        assert len(one) == 2
    assert {h.text for result in found for h in result} - {""}


def test_alignments_are_cut_to_the_symbols_of_the_line(tmp_path):
    model = model_of("specs/bahdanau", source=WORDS, target=WORDS)
    session = exported(model, tmp_path, text="standard", outputs=["context.weights"])
    shapes = [r.best.extras["context.weights"].shape[1] for r in session.run(["s1 s2 s3", "s1"])]
    assert shapes == [3, 1]


def test_several_sources_come_as_lines_each(tmp_path):
    chain = [{"embedding": 8}, {"gru": {"size": 8, "direction": "both"}}]
    model = model_of(
        source={"text": WORDS, "sound": {"features": 2}, "tags": CHARACTERS},
        target=WORDS,
        encoder=None,
        encoders={"text": chain, "tags": chain, "sound": chain[1:]},
        memory="text",
        decoder=[
            {"embedding": 8},
            {"gru": {"name": "state", "size": 16, "start": {"dense": "text.final"}}},
            {"attention": {"name": "read", "query": "state", "memory": "text"}},
            {"attention": {"name": "looked", "query": "state", "memory": "tags"}},
            {"attention": {"name": "heard", "query": "state", "memory": "sound"}},
            {"output": {"from": ["state", "read", "looked", "heard"]}},
        ],
    )
    ids, texts = exported(model, tmp_path), exported(model, tmp_path, text="standard")
    names = [given.name for given in texts.contract.sources]
    assert sorted(names) == ["sound", "tags_text", "text_text"]
    sound = np.ones((3, 2), np.float32)
    items = [
        {"text": "s1 s2", "tags": "bad", "sound": sound},
        {"text": "", "tags": "f", "sound": sound[:1]},
    ]
    assert [r.text for r in texts.run(items)] == [r.text for r in ids.run(items)]


def test_features_in_and_lines_out(tmp_path):
    model = model_of("specs/dates", source={"features": 3}, target=WORDS, encoder=[{"lstm": 8}])
    session = exported(model, tmp_path, text="standard")
    frames = [np.ones((4, 3), np.float32), np.zeros((2, 3), np.float32)]
    target = model.vocabularies["target"]
    for result in session.run(frames):
        assert result.text == target.decode(result.tokens)


def test_the_interface_says_how_lines_are_sent(tmp_path):
    session = exported(model_of(source=CHARACTERS, target=WORDS), tmp_path, text="standard")
    (source,) = session.contract.sources
    assert (source.name, source.type, source.separator) == (
        "source_text",
        "string[batch]",
        SEPARATOR,
    )
    assert "U+001F between" in source.meaning
    line = np.array([f"b{SEPARATOR}a{SEPARATOR}d"], object)
    assert session.decode(source_text=line)["text"].tolist() == [[session.run(["bad"])[0].text]]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([4, 5], "row 0: list; the file takes lines of text"),
        ({"source": 4}, "row 0: int; the file takes lines"),
        ({"sauce": "s1"}, "row 0: 'sauce' is no input that rows have"),
        ("\ud800", "source_text: half of a surrogate pair in row 0; expected text"),
    ],
)
def test_what_is_no_line_is_refused(item, message, tmp_path):
    session = exported(model_of(source=WORDS, target=WORDS), tmp_path, text="standard")
    with pytest.raises(ModelError, match=message):
        session.run([item])
    with pytest.raises(ModelError, match="source_text: int in row 0; expected string"):
        session.call(source_text=np.array([1]))


def test_sides_that_no_operator_spells_are_refused_together(tmp_path):
    learned = tmp_path / "tokenizer.json"
    learned.write_text(Subwords.train(["a few lines of text"] * 3, 260).model)
    subwords = {"tokens": "subwords", "file": str(learned)}
    model = model_of(source=subwords, target={"tokens": "ids", "size": 12})
    with pytest.raises(ExportError) as error:
        model.export(tmp_path / "model.onnx", text="standard")
    first, second = sorted(str(error.value).splitlines())
    assert first.startswith("source: subwords cannot be spelled by operators of a file; expected")
    assert second.startswith("target: ids cannot be spelled")
    assert not (tmp_path / "model.onnx").exists()


def test_other_refusals(tmp_path):
    words = model_of(source=WORDS, target=WORDS)
    with pytest.raises(ExportError, match="a file of the graph score takes ids"):
        words.export(tmp_path / "model.onnx", text="standard", graph="score")
    with pytest.raises(ExportError, match="target: features are no text"):
        model_of("specs/forecaster").export(tmp_path / "model.onnx", text="standard")
    copying = model_of("specs/pointer_generator", source=WORDS)
    with pytest.raises(ExportError, match="source: words that no vocabulary has are copied from"):
        copying.export(tmp_path / "model.onnx", text="standard")
    apart = {"tokens": "characters", "symbols": ["a", SEPARATOR]}
    with pytest.raises(ExportError, match=r"source: U\+001F is a symbol, but it stands between"):
        model_of(source=apart, target=WORDS).export(tmp_path / "model.onnx", text="standard")
    assert not [*tmp_path.iterdir()]


def test_a_file_whose_lines_are_not_its_tokens_is_no_file(tmp_path, monkeypatch):
    from s2sgraph.text import Vocabulary

    model = model_of(source=WORDS, target=WORDS)
    honest = Vocabulary.decode
    monkeypatch.setattr(Vocabulary, "decode", lambda self, ids: honest(self, ids) + "!")
    with pytest.raises(ExportError, match=r"text \[0, 0\] is '.*'; its tokens spell '.*!'"):
        model.export(tmp_path / "model.onnx", trained(model), text="standard")
    assert not [*tmp_path.iterdir()]


def test_files_of_lines_are_equal_byte_for_byte(tmp_path):
    model = model_of(source=WORDS, target=CHARACTERS)
    files = [
        model.export(tmp_path / name, trained(model), text="standard").read_bytes()
        for name in ("a.onnx", "b.onnx")
    ]
    assert files[0] == files[1]
