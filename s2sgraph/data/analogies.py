"""New pairs by analogy: what another ending does to a target, as the pairs of the data show it.

OPEC'S is to OPEC as DUBAI'S is to DUBAI. Where many pairs agree on what such a change of the source
does to the target, it is done to the sources that have one of the endings and lack the other
(proportional analogies; Lepage 1998, Stroppa and Yvon 2005).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from math import prod
from typing import NamedTuple

# A stem has at least so many symbols, an ending at most so many.
_STEM = 3
_ENDING = 4
# How often a change must be seen, and how often a rule must have been right.
_SEEN = 20
_RIGHT = 3

_Symbols = Sequence[str]


class Derived(NamedTuple):
    """A new pair, and how sure its target is: the chance by the rules that agree on it."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    confidence: float


def derive(
    pairs: Iterable[tuple[_Symbols, _Symbols]], least: float = 0.9, common: float = 0.02
) -> list[Derived]:
    """Pairs that the given ones, as symbols of source and target, lead to by analogy; sorted.

    A change replaces the ending of a source by another one. Its rules say what becomes of the
    target, by the last symbols of the stem and of the part of the target that stays. A rule is as
    sure as it is often right where it applies in the given pairs.

    Args:
        pairs: sources and targets as symbols; a source may come with several targets.
        least: how sure a target must be, from 0 to 1.
        common: how common a change must be: the share of the sources with the one ending, after
            the same two symbols, of which the data have the other one, too.

    Returns:
        One target for each new source. No source of the given pairs is among them.
    """
    sources, targets = _Packing(), _Packing()
    known: dict[str, list[str]] = defaultdict(list)
    for source, target in pairs:
        packed = targets.pack(target)
        of_source = known[sources.pack(source)]
        if packed not in of_source:
            of_source.append(packed)
    endings = _Endings.of(known)
    found = _proposals(known, endings, _rules(known, endings), common)
    derived = (
        Derived(sources.unpack(source), targets.unpack(target), confidence)
        for source, (target, confidence) in ((key, _decided(each)) for key, each in found.items())
        if confidence >= least
    )
    return sorted(derived)


class _Packing:
    """Sequences of symbols as texts of a character each, which are cut and compared fast."""

    def __init__(self) -> None:
        self._characters: dict[str, str] = {}
        self._symbols: dict[str, str] = {}

    def pack(self, symbols: _Symbols) -> str:
        for symbol in symbols:
            if symbol not in self._characters:
                character = chr(len(self._characters))
                self._characters[symbol] = character
                self._symbols[character] = symbol
        return "".join(self._characters[symbol] for symbol in symbols)

    def unpack(self, packed: str) -> tuple[str, ...]:
        return tuple(self._symbols[character] for character in packed)


# ------------------------------------------------------------------ what changes there are


@dataclass(frozen=True)
class _Endings:
    """The endings of each stem, and the changes from one to another that are seen often."""

    of_stem: Mapping[str, list[str]]
    changes: Counter[tuple[str, str]]
    _had: Counter[tuple[str, str]] = field(default_factory=Counter)
    _changed: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, known: Iterable[str]) -> "_Endings":
        of_stem: dict[str, list[str]] = defaultdict(list)
        for source in known:
            for end in range(max(_STEM, len(source) - _ENDING), len(source) + 1):
                of_stem[source[:end]].append(source[end:])
        seen = Counter(
            change
            for each in of_stem.values()
            for change in permutations(each, 2)
            if _differ(*change)
        )
        endings = cls(of_stem, Counter({key: n for key, n in seen.items() if n >= _SEEN}))
        for stem, each in of_stem.items():
            endings._had.update((ending, stem[-2:]) for ending in each)
            endings._changed.update((*change, stem[-2:]) for change in endings.among(each))
        return endings

    def among(self, endings: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The changes between endings of one stem."""
        return (change for change in permutations(endings, 2) if change in self.changes)

    def common(self, least: float) -> dict[tuple[str, str], list[str]]:
        """For an ending after two symbols, what it becomes in at least such a share of stems.

        The share of few stems is drawn to the one after any two symbols, with the weight of five.
        """
        anywhere: Counter[str] = Counter()
        for (ending, _), count in self._had.items():
            anywhere[ending] += count
        found: dict[tuple[str, str], list[str]] = {}
        others: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for (one, other), count in self.changes.items():
            others[one].append((other, count / anywhere[one]))
        for (one, last), count in self._had.items():
            found[one, last] = [
                other
                for other, share in others[one]
                if (self._changed[one, other, last] + 5 * share) / (count + 5) >= least
            ]
        return found


def _differ(one: str, other: str) -> bool:
    """Whether two endings have no symbol in common at their start, which is the stem's then."""
    return one[:1] != other[:1]


# ------------------------------------------------------------------ what they do to targets

# One ending and the other, the last symbols of the stem, and the last ones of the target, of which
# the first one stays and the others do not.
_Case = tuple[str, str, str, str]


def _cases(stem: str, change: tuple[str, str], target: str) -> Iterator[tuple[int, _Case]]:
    """Each place where the target may be cut, with the cases that this makes."""
    for cut in range(max(2, len(target) - _ENDING), len(target) + 1):
        for last in (stem[-2:], stem[-1:], ""):
            yield cut, (*change, last, target[cut - 1 :])


def _rules(known: Mapping[str, list[str]], endings: _Endings) -> dict[_Case, tuple[str, float]]:
    """What a target ends in instead, in each case in which it is so more often than not."""
    applied: Counter[_Case] = Counter()
    right: Counter[tuple[_Case, str]] = Counter()
    for stem, each in endings.of_stem.items():
        for change in endings.among(each):
            for target in known[stem + change[0]]:
                shared, other = max(
                    (_shared(target, other), other) for other in known[stem + change[1]]
                )
                for cut, case in _cases(stem, change, target):
                    applied[case] += 1
                    if cut <= shared and len(other) - cut <= _ENDING + 1:
                        right[case, other[cut:]] += 1
    rules: dict[_Case, tuple[str, float]] = {}
    for (case, ending), count in right.items():
        sure = (count - 0.5) / (applied[case] + 0.5)
        if count >= _RIGHT and sure > 0.5:
            rules[case] = ending, sure
    return rules


def _shared(one: str, other: str) -> int:
    """How many symbols two targets begin with alike."""
    least = min(len(one), len(other))
    return next((at for at in range(least) if one[at] != other[at]), least)


def _proposals(
    known: Mapping[str, list[str]],
    endings: _Endings,
    rules: Mapping[_Case, tuple[str, float]],
    common: float,
) -> dict[str, dict[str, list[float]]]:
    """For each new source, the targets that analogies give it, each with how sure these are."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    becomes = endings.common(common)
    for stem, each in endings.of_stem.items():
        for one in each:
            for other in becomes[one, stem[-2:]]:
                if stem + other in known:
                    continue
                for target in known[stem + one]:
                    cases = _cases(stem, (one, other), target)
                    best = max(
                        (
                            (rules[case][1], target[:cut] + rules[case][0])
                            for cut, case in cases
                            if case in rules
                        ),
                        default=None,
                    )
                    if best is not None:
                        found[stem + other][best[1]].append(best[0])
    return found


def _decided(targets: Mapping[str, Sequence[float]]) -> tuple[str, float]:
    """The target that analogies make most sure; less so by half of what they make another one."""
    sure = sorted(
        ((1 - prod(1 - one for one in sorted(each)), target) for target, each in targets.items()),
        reverse=True,
    )
    return sure[0][1], sure[0][0] - (sure[1][0] / 2 if len(sure) > 1 else 0)
