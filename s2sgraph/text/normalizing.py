"""Normalisation of lines before they are cut into units: named steps, one after another."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping


def _form(name: str) -> Callable[[str], str]:
    def normalized(line: str) -> str:
        return unicodedata.normalize(name, line)  # type: ignore[arg-type]

    return normalized


def _without_accents(line: str) -> str:
    apart = unicodedata.normalize("NFD", line)
    return unicodedata.normalize(
        "NFC", "".join(c for c in apart if unicodedata.category(c) != "Mn")
    )


STEPS: Mapping[str, Callable[[str], str]] = {
    "nfc": _form("NFC"),
    "nfd": _form("NFD"),
    "nfkc": _form("NFKC"),
    "nfkd": _form("NFKD"),
    "lowercase": str.lower,
    "casefold": str.casefold,
    "strip_accents": _without_accents,
    "spaces": lambda line: " ".join(line.split()),
}
"""What each name of a step does. The first four are the normal forms of Unicode (UAX 15).

`casefold` is for comparing without regard to case; `strip_accents` takes away nonspacing marks;
`spaces` makes one blank of each run of white space, and none of those at the ends.
"""


def normalize(line: str, steps: Iterable[str]) -> str:
    """The line after all steps, in their order. Raises ValueError for an unknown name."""
    for step in steps:
        if step not in STEPS:
            raise ValueError(f"unknown normalisation {step!r}; expected one of {', '.join(STEPS)}")
        line = STEPS[step](line)
    return line
