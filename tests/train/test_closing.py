"""Open vocabularies are closed with the training data."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece
from tokenizers import Tokenizer, models

from s2sgraph.data import Corpus, DataError, Field, Part
from s2sgraph.model import compile
from s2sgraph.spec import Spec, SpecError, dump, load, loads
from s2sgraph.text import Vocabulary
from s2sgraph.train import closing
from s2sgraph.train.closing import close
from s2sgraph.train.folder import Folder

LAYERS = """
encoder: [embedding: 4, gru: 4]
decoder: [embedding: 4, gru: {size: 4, start: encoder.final}, output]
"""

Reader = Callable[..., Corpus]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Makes a corpus of pairs."""

    def write(*pairs: tuple[str, str]) -> Corpus:
        path = tmp_path / "train.tsv"
        path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
        return Corpus((Part(path),), {"source": Field(), "target": Field()})

    return write


def spec(source: str, target: str) -> Spec:
    return loads(f"source: {{{source}}}\ntarget: {{{target}}}\n{LAYERS}")


def test_by_frequency_and_then_by_code_point(read: Reader) -> None:
    closed = close(spec("tokens: characters", "tokens: words"), read(("bba", "y x"), ("cb", "x")))
    assert closed.spec.source.symbols == ("b", "a", "c")
    assert closed.spec.target.symbols == ("x", "y")
    assert compile(closed.spec).symbols == {"source": 7, "target": 6}
    assert not closed.files


def test_least_and_size(read: Reader) -> None:
    found = read(("a a a b b c", "aab"))
    closed = close(spec("tokens: words, least: 2", "tokens: characters, size: 5"), found)
    assert closed.spec.source.symbols == ("a", "b")
    assert closed.spec.target.symbols == ("a",)


def test_other_settings_stay(read: Reader) -> None:
    sides = ("tokens: words, end: true, least: 1", "tokens: words, length: free")
    assert close(spec(*sides), read(("a", "b"))).spec.source.end is True


def test_a_shared_vocabulary_counts_both_sides(read: Reader) -> None:
    closed = close(
        spec("tokens: characters", "tokens: characters, vocabulary: shared"), read(("ab", "bc"))
    )
    assert closed.spec.source.symbols == ("b", "a", "c")
    assert closed.spec.target.symbols is None
    assert compile(closed.spec).symbols == {"source": 7, "target": 7}


def test_what_is_closed_stays(tmp_path: Path, read: Reader) -> None:
    given = spec("tokens: ids, size: 9", "tokens: words, symbols: [q]")
    assert close(given, read(("5", "x"))).spec == given


def test_a_file_comes_along(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "words").write_text("one\ntwo\n")
    path = tmp_path / "spec.yaml"
    path.write_text(f"source: {{tokens: words, file: words}}\ntarget: {{tokens: words}}\n{LAYERS}")
    closed = close(load(path), read(("one", "x")))
    assert closed.files == {"source.txt": b"one\ntwo\n"}
    assert closed.spec.source.file == "source.txt"


def test_many_symbols_go_into_a_file(monkeypatch: pytest.MonkeyPatch, read: Reader) -> None:
    monkeypatch.setattr(closing, "INLINE", 2)
    closed = close(spec("tokens: words", "tokens: words"), read(("a b c", "x")))
    assert closed.files == {"source.txt": "a\nb\nc\n"}
    assert closed.spec.target.symbols == ("x",)


def test_subwords_are_learned(read: Reader) -> None:
    sides = ("tokens: subwords, size: 300", "tokens: subwords, vocabulary: shared")
    closed = close(spec(*sides), read(*[("lower slower", "lowest slowest")] * 5))
    assert closed.spec.source.file == "source.json"
    assert list(closed.files) == ["source.json"]
    assert "low" in closed.files["source.json"]


def test_what_cannot_be_closed_is_said_at_its_place(read: Reader) -> None:
    sides = ("tokens: subwords, size: 100", "tokens: words, least: 9")
    with pytest.raises(SpecError) as caught:
        close(spec(*sides), read(("a", "b")))
    text = str(caught.value)
    assert "<text>:1:9: source: the vocabulary cannot be closed: a subword vocabulary has" in text
    assert "<text>:2:9: target: the vocabulary cannot be closed: no symbol occurs 9 times" in text


def test_unigrams_are_learned(read: Reader) -> None:
    sides = ("tokens: subwords, size: 290, algorithm: unigram", "tokens: characters")
    closed = close(spec(*sides), read(*[("lower slower", "x")] * 5))
    assert json.loads(closed.files["source.json"])["model"]["type"] == "Unigram"
    assert closed.spec.source.algorithm == "bpe"  # the file says how, so the setting is gone


def test_symbols_are_those_of_normalized_lines(read: Reader) -> None:
    sides = (
        "tokens: characters, normalize: [nfc, lowercase]",
        "tokens: subwords, size: 270, normalize: lowercase",
    )
    closed = close(spec(*sides), read(*[("Ae\u0301", "LOW LOWER")] * 5))
    assert closed.spec.source.symbols == ("a", "é")
    assert closed.spec.source.normalize == ("nfc", "lowercase")
    assert "low" in json.loads(closed.files["target.json"])["model"]["vocab"]


def test_a_tokenizer_comes_along_and_keeps_its_ids(read: Reader, tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 3, "<a>": 0, "<b>": 1, "<c>": 2, "low": 4},
                                           "<unk>"))  # fmt: skip
    tokenizer.add_special_tokens(["<a>", "<b>", "<c>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    path = tmp_path / "spec.yaml"
    sides = "source: {tokens: subwords, file: tokenizer.json}\ntarget: {tokens: characters}\n"
    path.write_text(f"{sides}{LAYERS}")
    closed = close(load(path), read(("low", "x")))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "source.json").write_bytes(closed.files["source.json"])
    (tmp_path / "run" / "spec.yaml").write_text(dump(closed.spec))
    table = compile(load(tmp_path / "run" / "spec.yaml")).vocabularies["source"]
    assert isinstance(table, Vocabulary)
    assert (table.size, table.encode("low"), table.encode("high")) == (5, [4], [3])


def test_a_sentencepiece_model_comes_along(read: Reader, tmp_path: Path) -> None:
    content = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["low lower"] * 20),
        model_writer=content,
        vocab_size=10,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    (tmp_path / "x.model").write_bytes(content.getvalue())
    path = tmp_path / "spec.yaml"
    sides = "source: {tokens: subwords, file: x.model}\ntarget: {tokens: characters}\n"
    path.write_text(f"{sides}{LAYERS}")
    closed = close(load(path), read(("low", "x")))
    assert closed.files == {"source.model": content.getvalue()}
    assert closed.spec.source.file == "source.model"


SIGNS = ["a", "\r", "\u2028", "\x85", "\x0c", " ", "\ufeff"]


def test_every_character_comes_back_from_a_file(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "INLINE", 2)
    closed = close(spec("tokens: characters", "tokens: words"), read(("".join(SIGNS), "x")))
    Folder(tmp_path).write_spec(closed.spec, closed.files)
    table = compile(load(tmp_path / "spec.yaml")).vocabularies["source"]
    assert isinstance(table, Vocabulary)
    assert set(table.symbols[4:]) == set(SIGNS)


def test_symbols_in_files_of_windows(tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    path = tmp_path / "spec.yaml"
    path.write_text(
        f"source: {{tokens: words, file: words}}\ntarget: {{tokens: ids, size: 9}}\n{LAYERS}"
    )
    table = compile(load(path)).vocabularies["source"]
    assert isinstance(table, Vocabulary)
    assert table.symbols[4:] == ("one", "two")


@pytest.mark.parametrize("side", ["words", "subwords", "subwords, algorithm: unigram"])
def test_odd_lines_are_told_whatever_reads_them(read: Reader, tmp_path: Path, side: str) -> None:
    found = read(("a", "b"))
    (tmp_path / "train.tsv").write_text("a\tb\nalone\n")
    with pytest.raises(DataError, match=r"train\.tsv:2: no TAB"):
        close(spec(f"tokens: {side}", "tokens: ids, size: 9"), found)
