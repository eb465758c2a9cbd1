"""Units of SentencePiece models."""

import io
import json
import random
import sys
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from s2sgraph.model import compile
from s2sgraph.spec import SpecError, load
from s2sgraph.text import SentencePieces, Special, Vocabulary, from_json, subwords_of

LINES = ["low lower lowest", "new newer newest", "wide wider widest"] * 20


def trained(**settings: object) -> bytes:
    content = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=content,
        minloglevel=2,
        hard_vocab_limit=False,
        **{"vocab_size": 25, **settings},
    )
    return content.getvalue()


@pytest.fixture(scope="module")
def units() -> SentencePieces:
    return SentencePieces(trained())


def test_lines_come_back(units: SentencePieces) -> None:
    shuffled = random.Random(0)
    for _ in range(100):
        line = " ".join(shuffled.choices(" ".join(LINES[:3]).split(), k=5))
        assert units.join(units.split(line)) == line


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_units_are_those_of_the_library(units: SentencePieces, line: str) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=units.model)
    table = Vocabulary.of(units, units.symbols)
    ids = [index + 1 if index else 3 for index in processor.encode(line)]
    assert table.encode(line) == ids


def test_what_the_model_does_not_know_is_unknown(units: SentencePieces) -> None:
    table = Vocabulary.of(units, units.symbols)
    assert not {"<unk>", "<s>", "</s>"} & set(units.symbols)
    assert table.encode("日")[-1] == 3
    # Bytes instead, where the model has them.
    with_bytes = SentencePieces(trained(byte_fallback=True, vocab_size=280))
    table = Vocabulary.of(with_bytes, with_bytes.symbols)
    assert 3 not in table.encode("low 日")
    assert table.decode(table.encode("low 日")) == "low 日"


def test_ids_are_kept_where_the_control_symbols_stand() -> None:
    model = trained(pad_id=0, bos_id=1, eos_id=2, unk_id=3)
    units = SentencePieces(model)
    assert units.reserves(Special().names())
    assert not SentencePieces(trained()).reserves(Special().names())


SPEC = """
source: {tokens: subwords, file: small.model}
target: {tokens: subwords, vocabulary: shared}
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
"""


def test_a_spec_names_the_model(tmp_path: Path) -> None:
    model = trained(pad_id=0, bos_id=1, eos_id=2, unk_id=3)
    (tmp_path / "small.model").write_bytes(model)
    (tmp_path / "spec.yaml").write_text(SPEC)
    table = compile(load(tmp_path / "spec.yaml")).vocabularies["target"]
    assert isinstance(table, Vocabulary)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert table.encode("newest low 日") == processor.encode("newest low 日")
    assert table.kind == "subwords"
    again = from_json(json.loads(json.dumps(table.to_json())))
    assert again == table
    assert again.decode(table.encode("newest low")) == "newest low"
    (tmp_path / "small.model").write_bytes(model[:100])
    with pytest.raises(SpecError, match=r"source.file: cannot be read: not a SentencePiece model"):
        compile(load(tmp_path / "spec.yaml"))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\0" * 50])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a SentencePiece model"):
        SentencePieces(content)


def test_what_is_no_text_of_a_model_is_refused() -> None:
    with pytest.raises(ValueError, match="not a SentencePiece model"):
        SentencePieces.from_text("no base64!")
    with pytest.raises(ValueError, match="not a subword model"):
        subwords_of(trained(), "model.json")


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ValueError, match=r"pip install 's2sgraph\[sentencepiece\]'"):
        SentencePieces(b"")
