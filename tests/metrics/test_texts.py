"""Figures of decoded symbols, against cases counted by hand and against the libraries."""

import random
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from s2sgraph.metrics.edits import nearest
from s2sgraph.metrics.errors import MetricError
from s2sgraph.metrics.figure import Figure
from s2sgraph.metrics.measuring import Evidence, measure
from s2sgraph.metrics.samples import Text, TextSample
from s2sgraph.spec.kinds import choose

Kind = Any


def samples(*rows: tuple[str, ...]) -> list[TextSample]:
    """Each row is an answer and its references; symbols are words."""
    texts = [[Text.of_words(line) for line in row] for row in rows]
    return [TextSample(first, tuple(rest)) for first, *rest in texts]


def figure(metric: str | dict[str, Any], *rows: tuple[str, ...]) -> Figure:
    kind: Kind = choose("metric", metric)
    return measure([kind], Evidence(samples(*rows)))[kind.label]


def test_edits_for_each_word() -> None:
    # One substitution and one deletion of five words; then an insertion over two.
    found = figure("wer", ("the cat mat", "the hat on mat now"), ("a b c", "a c"))
    assert (found.value, found.counted) == (4 / 7, "4 edits in 7 words")
    assert found.shown == "57.14%"
    found = figure("wer", ("the hat mat", "the cat on mat"), ("a b c", "a c"))
    assert (found.value, found.counted) == (3 / 6, "3 edits in 6 words")


def test_an_error_rate_can_be_over_one() -> None:
    assert figure("wer", ("a b c", "d")).value == 3.0


def test_the_nearest_reference_counts_with_its_own_length() -> None:
    found = figure("wer", ("a b c", "x y z", "a b c d", "a b"))
    assert found.counted == "1 edits in 4 words"  # of equally near ones, the first
    assert figure("wer", ("a b c", "a b", "a b c d")).counted == "1 edits in 2 words"


def test_characters_count_spaces() -> None:
    found = figure("cer", ("ab cd", "abcd e"))
    # A space in, a space and an e out.
    assert found.counted == "3 edits in 6 characters"


def test_phones_are_symbols_of_the_vocabulary() -> None:
    answer, reference = Text("AAB", ("AA", "B")), Text("AHB", ("AH", "B"))
    metrics: Any = [choose("metric", word) for word in ("per", "cer", "wer")]
    found = measure(metrics, Evidence([TextSample(answer, (reference,))]))
    assert [figure.value for figure in found.values()] == [1 / 2, 1 / 3, 1.0]


@pytest.mark.parametrize("word", ["wer", "per", "cer"])
def test_an_empty_answer_misses_everything(word: str) -> None:
    assert figure(word, ("", "abc")).value == 1.0
    assert figure(word, ("", "")).value == 0.0
    assert figure(word, ("x", "")).value == 1.0  # nothing to divide by: each edit is one


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_edits_are_the_shortest_way(answer: list[str], reference: list[str]) -> None:
    row = list(range(len(reference) + 1))
    for place, symbol in enumerate(answer, 1):
        before, row = row, [place]
        for index, other in enumerate(reference):
            row.append(min(row[-1] + 1, before[index + 1] + 1, before[index] + (symbol != other)))
    assert nearest(answer, [reference]) == (row[-1], len(reference))


def test_sequences_are_right_by_any_reference() -> None:
    rows = (("a b", "a c", "a b"), ("a", "b"), ("", "x"), ("c d", "c d"))
    found = figure("sequence_accuracy", *rows)
    assert (found.value, found.counted) == (0.5, "2 exactly right in 4 sources")
    found = figure("pronunciation_wer", *rows)
    assert (found.value, found.counted) == (0.5, "2 not exactly right in 4 sources")


def test_tokens_are_right_at_their_place() -> None:
    found = figure("token_accuracy", ("a b c", "a x c"), ("a", "a b"), ("p q r", "p"))
    assert (found.value, found.counted) == (4 / 8, "4 right in 8 places")
    # The second reference has the greater share.
    assert figure("token_accuracy", ("a b", "a x y", "b b")).counted == "1 right in 2 places"
    assert figure("token_accuracy", ("", "a")).value == 0.0


def test_bleu_by_hand() -> None:
    # 4-grams: 1 of 2, 3-grams: 2 of 3, 2-grams: 3 of 4, words: 4 of 5; lengths are equal.
    found = figure("bleu", ("a b c d e", "a b c d x"))
    assert found.value == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert found.signature.startswith("nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:")
    assert figure("bleu", ("", "a b c d")).value == 0.0


def sentences(seed: int, count: int) -> list[str]:
    dice = random.Random(seed)
    words = ["The", "cat", "sat", ",", "on", "a", "mat", ";", "Dogs", "run", "."]
    return [" ".join(dice.choices(words, k=dice.randint(4, 12))) for _ in range(count)]


@pytest.mark.parametrize(
    ("settings", "library"),
    [
        ({"kind": "bleu"}, BLEU(tokenize="none", force=True)),
        ({"kind": "bleu", "lowercase": True}, BLEU(tokenize="none", lowercase=True, force=True)),
        ({"kind": "bleu", "tokenize": "13a"}, BLEU(tokenize="13a", force=True)),
        ({"kind": "chrf"}, CHRF()),
        ({"kind": "chrf", "word_order": 2, "lowercase": True}, CHRF(word_order=2, lowercase=True)),
    ],
)
def test_scores_are_those_of_sacrebleu(settings: dict[str, Any], library: Any) -> None:
    answers, first, second = (sentences(seed, 20) for seed in range(3))
    found = figure(settings, *zip(answers, first, second, strict=True))
    expected = library.corpus_score(answers, [first, second])
    assert found.value == expected.score > 0
    assert found.signature == library.get_signature().format()
    assert "nrefs:2" in found.signature


def test_sources_may_have_unequal_numbers_of_references() -> None:
    rows = (("a b c d", "a b c d", "q"), ("a b c x", "a b c d"))
    found = figure("bleu", *rows)
    assert "nrefs:var" in found.signature
    assert found.counted == "2 sources, 3 references"
    # What is missing is not an empty reference, to which the brevity penalty would look.
    assert found.value == figure("bleu", (*rows[0], "q"), (*rows[1], "a b c d")).value


def test_no_sample_is_no_score() -> None:
    with pytest.raises(MetricError, match="no sample for BLEU"):
        figure("bleu")


@pytest.mark.parametrize(
    ("word", "library"), [("wer", "rapidfuzz.distance"), ("chrf", "sacrebleu.metrics.chrf")]
)
def test_a_missing_library_says_what_to_install(
    word: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MetricError, match=r"is not installed; .* pip install 's2sgraph\[eval\]'"):
        figure(word, ("a", "a"))
