"""Dates in many languages, from the locale data that Babel carries (Unicode CLDR).

A line is `mercredi 3 mars 2021 TAB 2021-03-03`. Only formats whose text alone tells the date:

- a month in words, or year first (2021-03-05), or dots with the year last (05.03.2021), which
  are day, month, year wherever they are in use. 03/05/2021 is May or March: left out;
- four digits of the year, 1950 to 2049, in the Gregorian calendar;
- the language's own case, and for some lines all small letters, as people type.
"""

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel import Locale

# English has two orders of words; its months in words make both plain.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "en": ("en", "en_GB"),
    **{
        code: (code,)
        for code in (
            "ca", "cs", "da", "de", "el", "es", "fi", "fr", "hu", "id", "it", "ja", "ko", "nb",
            "nl", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh",
        )
    },
}  # fmt: skip

FIRST = date(1950, 1, 1)
LAST = date(2049, 12, 31)
_LOWER_CASED = 0.3

_WIDTHS = ("full", "long", "medium", "short")
_SKELETONS = ("yMd", "yMEd", "yMMMd", "yMMMEd", "yMMMMd", "yMMMMEEEEd")
_ORDINALS = ("'the' {} 'of' MMMM y", "{} 'of' MMMM y", "MMMM {}, y", "EEEE, MMMM {}, y")


def is_plain(pattern: str) -> bool:
    """Whether a CLDR pattern tells the date by its text alone."""
    letters = re.sub(r"'[^']*'", "", pattern)
    if not re.search(r"(?<!y)(y|yyyy)(?!y)", letters) or "G" in letters:
        return False
    if re.search(r"MMM|LLL", letters) or "年" in letters:
        return True
    if letters.lstrip("EcG,. ").startswith("y"):
        return True
    return re.search(r"d\.\s?M{1,2}\.\s?y", letters) is not None


def _variants(pattern: str) -> Iterator[str]:
    """The pattern with long and short names of month and weekday."""
    for month in ("MMMM", "MMM"):
        for weekday in ("EEEE", "EEE"):
            changed = re.sub(r"M{3,4}", month, pattern) if "MMM" in pattern else pattern
            yield re.sub(r"(?<!E)E{1,4}(?!E)", weekday, changed)


@cache
def formats(language: str) -> tuple[tuple[str, str], ...]:
    """The (locale, pattern) pairs of a language, in a fixed order; `{}` is an ordinal number."""
    from babel import Locale

    found: dict[tuple[str, str], None] = {}
    for code in LANGUAGES[language]:
        locale = Locale.parse(code)
        patterns = [locale.date_formats[width].pattern for width in _WIDTHS]
        skeletons = locale.datetime_skeletons
        patterns += [skeletons[name].pattern for name in _SKELETONS if name in skeletons]
        for pattern in filter(is_plain, patterns):
            found.update(dict.fromkeys((code, variant) for variant in _variants(pattern)))
    if language == "en":
        found.update(dict.fromkeys(("en", pattern) for pattern in _ORDINALS))
    return tuple(found)


def ordinal(number: int) -> str:
    """The English ordinal, as in 1st, 2nd, 3rd, 4th, 11th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number in (11, 12, 13) else ending}"


@cache
def _compiled(code: str, pattern: str) -> "tuple[Any, Locale]":
    from babel import Locale
    from babel.dates import parse_pattern

    return parse_pattern(pattern), Locale.parse(code)


def written(day: date, code: str, pattern: str) -> str:
    """The day in a locale, by a pattern of CLDR's letters; all its spaces are plain ones."""
    if "{}" in pattern:
        pattern = pattern.replace("{}", f"'{ordinal(day.day)}'")
    compiled, locale = _compiled(code, pattern)
    return " ".join(str(compiled.apply(day, locale)).split())


def lines(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` different lines (text, ISO date), a pure function of the arguments.

    Language, format and day are each drawn evenly.
    """
    dice = random.Random(seed)
    languages = list(LANGUAGES)
    days = (LAST - FIRST).days + 1
    found: dict[str, str] = {}
    while len(found) < count:
        # Only random(): Python promises that it never changes, as it does not for choice().
        language = languages[int(dice.random() * len(languages))]
        choices = formats(language)
        code, pattern = choices[int(dice.random() * len(choices))]
        day = FIRST + timedelta(days=int(dice.random() * days))
        text = written(day, code, pattern)
        if dice.random() < _LOWER_CASED:
            text = text.lower()
        if found.setdefault(text, day.isoformat()) != day.isoformat():
            raise AssertionError(f"{text!r} is two dates")
    return list(found.items())


def write(
    folder: str | Path, *, seed: int = 0, train: int = 40_000, dev: int = 1_000, test: int = 1_000
) -> dict[str, Path]:
    """Write train.tsv, dev.tsv and test.tsv; no line is in two of them. Returns their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = lines(train + dev + test, seed)
    paths = {}
    for name, size in (("test", test), ("dev", dev), ("train", train)):
        part, drawn = drawn[:size], drawn[size:]
        paths[name] = folder / f"{name}.tsv"
        text = "".join(f"{source}\t{target}\n" for source, target in part)
        paths[name].write_bytes(text.encode())
    return paths
