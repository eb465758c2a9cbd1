"""Closing an open vocabulary: counting the units of lines and choosing which to keep."""

from collections import Counter
from collections.abc import Iterable, Mapping

from s2sgraph.text.special import Special
from s2sgraph.text.subwords import Subwords
from s2sgraph.text.units import Units
from s2sgraph.text.vocabulary import Vocabulary


def count(units: Units, lines: Iterable[str]) -> Counter[str]:
    """How often each unit occurs in the lines."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(units.split(line))
    return counts


def build(
    units: Units,
    counts: Mapping[str, int],
    *,
    least: int = 1,
    size: int | None = None,
    special: Special | None = None,
    end: bool = False,
) -> Vocabulary:
    """A vocabulary of the most frequent units, in an order that only the counts decide.

    By count, the largest first; equal counts by code points. Units seen fewer than `least` times
    are left out. `size` is the largest V, special symbols included. Subwords keep all their
    units in the order in which they were learned, whatever the counts. Raises ValueError when
    `size` leaves no room beside the special symbols.
    """
    special = special or Special()
    if isinstance(units, Subwords):
        return Vocabulary.of(units, units.symbols, special, end)
    if least < 1:
        raise ValueError(f"least is {least}; expected a whole number from 1")
    kept = [unit for unit, number in counts.items() if number >= least]
    kept.sort(key=lambda unit: (-counts[unit], unit))
    if size is not None:
        room = size - len(special.names())
        if room < 1:
            raise ValueError(f"size is {size}; expected more than the special symbols")
        kept = kept[:room]
    return Vocabulary.of(units, kept, special, end)
