"""The data of the demonstration."""

import re
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from s2sgraph.data import read_parallel
from s2sgraph.demo import LANGUAGES, formats, lines, write
from s2sgraph.demo.dates import FIRST, LAST, is_plain, ordinal, written


def test_many_languages_with_many_formats() -> None:
    assert len(LANGUAGES) >= 12
    for language in LANGUAGES:
        assert len(formats(language)) >= 4, language


@pytest.mark.parametrize(
    ("code", "pattern", "text"),
    [
        ("fr", "EEEE d MMMM y", "mercredi 3 mars 2021"),
        ("de", "EEEE, d. MMMM y", "Mittwoch, 3. März 2021"),
        ("ja", "y年M月d日EEEE", "2021年3月3日水曜日"),
        ("en", "'the' {} 'of' MMMM y", "the 3rd of March 2021"),
        ("ru", "d MMMM y\u202f'г'.", "3 марта 2021 г."),
    ],
)
def test_days_as_people_write_them(code: str, pattern: str, text: str) -> None:
    assert written(date(2021, 3, 3), code, pattern) == text


@pytest.mark.parametrize(
    "pattern", ["d MMMM y", "MMM d, y", "y-MM-dd", "y. M. d.", "y年M月d日", "dd.MM.y", "E d. M. y"]
)
def test_plain_formats(pattern: str) -> None:
    assert is_plain(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["M/d/y", "dd/MM/y", "E, M/d/y", "d-M-y", "dd.MM.yy", "yy. M. d.", "d MMM yy", "d MMM y G"],
)
def test_formats_that_do_not_tell(pattern: str) -> None:
    assert not is_plain(pattern)


def test_no_text_is_two_dates() -> None:
    seen: dict[str, date] = {}
    # Every day of a year finds a clash of month names, and of day with month.
    days = [date(2011, month, day) for month in range(1, 13) for day in range(1, 29)]
    for language in LANGUAGES:
        for code, pattern in formats(language):
            for day in days:
                text = written(day, code, pattern).lower()
                assert seen.setdefault(text, day) == day, text


def test_every_line_has_its_year_and_its_day() -> None:
    for text, iso in lines(2000, seed=3):
        year, _, day = iso.split("-")
        numbers = re.findall(r"\d+", text)
        assert year in numbers
        assert int(day) in map(int, numbers)
        assert FIRST <= date.fromisoformat(iso) <= LAST
        assert text == " ".join(text.split())


def test_lines_are_a_function_of_the_seed() -> None:
    assert lines(300, seed=1) == lines(300, seed=1)
    assert lines(300, seed=1) == lines(400, seed=1)[:300]
    assert lines(300, seed=1) != lines(300, seed=2)


def test_small_letters_are_among_them() -> None:
    texts = [text for text, _ in lines(1000)]
    share = sum(text == text.lower() for text in texts) / len(texts)
    assert 0.3 < share < 0.9


def test_no_line_is_in_two_files(tmp_path: Path) -> None:
    paths = write(tmp_path, train=500, dev=100, test=50)
    parts = {name: read_parallel(path)[0] for name, path in paths.items()}
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 500,
        "dev": 100,
        "test": 50,
    }
    for one, other in combinations(parts.values(), 2):
        assert not {pair.source for pair in one} & {pair.source for pair in other}


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text
