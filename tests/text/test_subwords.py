"""Units that are learned from lines, or come from a tokenizer's file."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from s2sgraph.text import Special, Subwords
from s2sgraph.text.subwords import ALGORITHMS

LINES = ["low lower lowest", "new newer newest", "wide wider widest"] * 5


@pytest.fixture(scope="module", params=ALGORITHMS)
def learned(request: pytest.FixtureRequest) -> Subwords:
    return Subwords.train(LINES, 300, request.param)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_line_comes_back(learned: Subwords, line: str) -> None:
    assert learned.join(learned.split(line)) == line


def test_what_is_frequent_is_a_unit(learned: Subwords) -> None:
    assert learned.split("low lower")[0] == "low"
    assert len(learned.split("zyx")) == 3
    assert 256 < len(learned.symbols) <= 300


def test_single_bytes_are_enough() -> None:
    for algorithm in ALGORITHMS:
        assert len(Subwords.train(LINES, 256, algorithm).symbols) == 256


def test_byte_pairs_join_whole_words() -> None:
    assert Subwords.train(LINES, 300).split(" newest") == ["Ġnewest"]


@pytest.mark.parametrize("lines", [[], [""], ["a"]])
def test_little_to_learn_from(lines: list[str]) -> None:
    for algorithm in ALGORITHMS:
        units = Subwords.train(lines, 300, algorithm)
        assert units.join(units.split("é b")) == "é b"
        assert set(pre_tokenizers.ByteLevel.alphabet()) <= set(units.symbols)


def test_unigrams_are_those_that_save_most() -> None:
    lines = ["a cat and a dog", "and a bird", "a cat"] * 100
    units = Subwords.train(lines, 300, "unigram")
    assert units.split("and a cat") == ["and", "Ġa", "Ġcat"]


def test_unigrams_without_their_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ValueError, match=r"pip install 's2sgraph\[sentencepiece\]'"):
        Subwords.train(LINES, 300, "unigram")


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 256 units, not 200"):
        Subwords.train(LINES, 200)
    with pytest.raises(ValueError, match="unknown algorithm 'wordpiece'; expected bpe or unigram"):
        Subwords.train(LINES, 300, "wordpiece")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_units_are_the_same_in_every_process(algorithm: str) -> None:
    code = (
        "import hashlib, random; from s2sgraph.text import Subwords\n"
        "r = random.Random(0); words = [''.join(r.choices('abcdé', k=r.randint(2, 7)))"
        " for _ in range(300)]\n"
        "lines = [' '.join(r.choices(words, k=8)) for _ in range(500)]\n"
        f"model = Subwords.train(lines, 400, {algorithm!r}).model\n"
        "print(hashlib.sha256(model.encode()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1


# ------------------------------------------------------------------ from a file

WORDS = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "low": 4, "##er": 5, "##est": 6}


def foreign(**changes: Any) -> str:
    """A tokenizer as others write it: WordPiece with everything that changes what comes out."""
    tokenizer = Tokenizer(models.WordPiece(WORDS, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[CLS]", "[SEP]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=20)
    return json.dumps({**json.loads(tokenizer.to_str()), **changes})


def test_a_file_keeps_how_lines_are_cut() -> None:
    units = Subwords(foreign())
    assert units.split("Low LOWER lowest x") == ["low", "low", "##er", "low", "##est", "[UNK]"]
    assert units.join(["low", "##er", "low"]) == "lower low"


def test_what_is_unknown_to_a_file_is_no_symbol() -> None:
    units = Subwords(foreign())
    assert "[UNK]" not in units.symbols
    assert units.all_symbols == list(WORDS)


def test_ids_of_a_file_are_kept_where_its_special_symbols_stand() -> None:
    units = Subwords(foreign())
    assert units.reserves(Special().names())
    assert not units.reserves(Special(pad=0, bos=1, eos=4).names())
    assert not Subwords.train(LINES, 256).reserves(Special().names())


def test_nothing_is_drawn_at_random() -> None:
    form = json.loads(Subwords.train(LINES, 300).model)
    form["model"]["dropout"] = 0.5
    units = Subwords(json.dumps(form))
    assert len({tuple(units.split("lowest newest")) for _ in range(50)}) == 1


def test_units_without_a_decoder_are_parted_by_blanks() -> None:
    assert Subwords(foreign(decoder=None)).join(["low", "low"]) == "low low"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"model": {"type": "BPE"}}', "\0"])
def test_a_foreign_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a subword model"):
        Subwords(text)
