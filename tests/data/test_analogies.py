"""Analogies against what is reckoned by hand, on small languages with known endings."""

import random
from itertools import product

import pytest

from s2sgraph.data.analogies import derive

Pairs = list[tuple[list[str], list[str]]]

VOICED = "bdg"
STEMS = ["".join(letters) for letters in product("aeo", "bdgptk", "io", "bdgptk")]
# Those that come with another ending, and lone ones, which end as some of them do.
BOTH, LONE = STEMS[::2] + STEMS[1::4], STEMS[3::4]


def plural(stem: str) -> tuple[list[str], list[str]]:
    """A word with an s, which sounds as the letter before it does."""
    return [*stem, "s"], [*sounds(stem), "ZZ" if stem[-1] in VOICED else "S"]


def sounds(stem: str) -> list[str]:
    return [letter.upper() for letter in stem]


def singular(stem: str) -> tuple[list[str], list[str]]:
    return list(stem), sounds(stem)


def written(pairs: Pairs, **settings: float) -> dict[str, str]:
    return {"".join(one.source): " ".join(one.target) for one in derive(pairs, **settings)}


def test_an_ending_is_added_as_the_symbols_before_it_ask() -> None:
    pairs = [*map(singular, STEMS), *map(plural, BOTH)]
    expected = {"".join(s): " ".join(t) for s, t in map(plural, LONE)}
    assert written(pairs) == expected
    assert {target[-2:] for target in expected.values()} == {"ZZ", " S"}


def test_an_ending_is_taken_away_and_exchanged() -> None:
    taken = [*map(plural, STEMS), *map(singular, BOTH)]
    assert written(taken) == {"".join(s): " ".join(t) for s, t in map(singular, LONE)}
    # -um becomes -a, and its last two sounds one, however the stem sounds.
    exchanged: Pairs = [([*stem, *"um"], [*sounds(stem), "AH", "M"]) for stem in STEMS]
    exchanged += [([*stem, "a"], [*sounds(stem), "AE"]) for stem in BOTH]
    assert written(exchanged) == {f"{stem}a": " ".join([*sounds(stem), "AE"]) for stem in LONE}


# Twenty-four stems that end alike, so that narrow cases and wide ones are the same.
ALIKE = ["".join(letters) + "tat" for letters in product("bdgk", "aeiouy")]


def alike(right: int) -> Pairs:
    """All stems, and but for the last one with an s: S in `right` of 23, and N in the others."""
    pairs: Pairs = [(list(stem), [*stem]) for stem in ALIKE]
    for place, stem in enumerate(ALIKE[:23]):
        pairs.append(([*stem, "s"], [*stem, "S" if place < right else "N"]))
    return pairs


@pytest.mark.parametrize("right", [23, 20, 13])
def test_a_rule_is_as_sure_as_it_is_often_right(right: int) -> None:
    (one,) = derive(alike(right), least=0)
    assert ("".join(one.source), "".join(one.target)) == (f"{ALIKE[23]}s", f"{ALIKE[23]}S")
    assert one.confidence == pytest.approx((right - 0.5) / 23.5)
    assert derive(alike(right), least=one.confidence + 1e-6) == []


def test_what_is_right_no_oftener_than_not_is_no_rule() -> None:
    assert derive(alike(12), least=0) == []


def test_analogies_that_agree_add_up_and_others_count_against() -> None:
    # A second pronunciation of the lone stem leads to another target by the same rule.
    pairs = alike(20)
    pairs.append((list(ALIKE[23]), [*ALIKE[23][:-1], "d", "t"]))
    sure = (20 - 0.5) / 23.5
    (one,) = derive(pairs, least=0)
    assert one.confidence == pytest.approx(sure - sure / 2)
    # And a second ending that says the same makes it surer.
    pairs = alike(20)
    pairs += [([*stem, *"ed"], [*stem, "D"]) for stem in ALIKE]
    found = {"".join(one.source): one for one in derive(pairs, least=0)}
    assert found[f"{ALIKE[23]}s"].confidence == pytest.approx(1 - (1 - sure) ** 2)


def test_a_change_must_be_common_enough() -> None:
    # Of 24 words in -at 23 have another one with an s; of all 47 words, whatever they end in, 23.
    share = (23 + 5 * 23 / 47) / (24 + 5)
    assert len(derive(alike(23), common=share - 1e-6)) == 1
    assert derive(alike(23), common=share + 1e-6) == []


def test_a_change_must_be_seen_often() -> None:
    few = [
        pair for pair in alike(23) if "".join(pair[0])[:6].rstrip("s") in ALIKE[:19] + ALIKE[23:]
    ]
    assert len(few) == 20 + 19
    assert derive(few, least=0, common=0) == []


def test_short_stems_have_no_endings() -> None:
    stems = [a + b for a, b in product("bcdfgh", "aeiou")]
    pairs: Pairs = [(list(stem), list(stem)) for stem in stems]
    pairs += [([*stem, "s"], [*stem, "S"]) for stem in stems[1:]]
    assert derive(pairs, least=0, common=0) == []


def test_nothing_depends_on_the_order_or_on_repetition() -> None:
    pairs = [*map(singular, STEMS), *map(plural, BOTH), *alike(20)]
    first = derive(pairs, least=0, common=0)
    assert first == sorted(first)
    assert first
    shuffled = pairs + pairs[::3]
    random.Random(1).shuffle(shuffled)
    assert derive(shuffled, least=0, common=0) == first


def test_sources_of_the_data_are_not_derived() -> None:
    pairs = [*map(singular, STEMS), *map(plural, BOTH)]
    known = {tuple(source) for source, _ in pairs}
    found = derive(pairs, least=0, common=0)
    assert found
    assert not known & {one.source for one in found}


def test_nothing_comes_from_nothing() -> None:
    assert derive([]) == []
    assert derive([([], []), (["a"], []), ([], ["A"])]) == []
