"""Problems found in a spec, and the one error that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from s2sgraph.spec.places import KeyPath, Place, Places, show_path

SHOWN = 100
"""Problems that one message prints; the rest are counted."""


@dataclass(frozen=True)
class Problem:
    """One mistake: the key path it is at, what is wrong and what to do.

    Attributes:
        path: keys and list indices from the top of the spec.
        message: what is wrong and what was expected, as one sentence without a full stop.
        hint: what to do, such as `did you mean ...`; may be empty.
        at_key: True when the key is to be pointed at and not its value.
        place: where in the text, for mistakes of the text itself, which have no key path.
    """

    path: KeyPath
    message: str
    hint: str = ""
    at_key: bool = False
    place: Place | None = None

    def under(self, *prefix: str | int) -> Problem:
        """The same problem, seen from further up."""
        return replace(self, path=(*prefix, *self.path))


class SpecError(Exception):
    """A spec is not valid: holds every problem found, in the order of the text.

    Attributes:
        problems: all of them.
        places: where the keys of the spec stand in its text.
    """

    def __init__(self, problems: Iterable[Problem], places: Places | None = None) -> None:
        """Sort `problems` by their place, and drop what is said twice."""
        self.places = places or Places()
        written = (replace(one, path=self.places.written(one.path)) for one in problems)
        found = sorted(dict.fromkeys(written), key=self._order)
        self.problems: tuple[Problem, ...] = tuple(found)
        super().__init__(self.problems)

    def __reduce__(self) -> tuple[type[SpecError], tuple[Sequence[Problem], Places]]:
        """Pickle with the places."""
        return type(self), (self.problems, self.places)

    def __str__(self) -> str:
        """Every problem as `file:line:column: key path: message`, source line, caret and hint."""
        texts = [self._render(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            texts.append(f"... and {len(self.problems) - SHOWN} more")
        return "\n".join(texts)

    def _place(self, problem: Problem) -> Place | None:
        return problem.place or self.places.find(problem.path, key=problem.at_key)

    def _order(self, problem: Problem) -> tuple[int, int]:
        return self._place(problem) or (0, 0)

    def _render(self, problem: Problem) -> str:
        place = self._place(problem)
        head = self.places.name
        overridden = self.places.overridden(problem.path)
        if overridden:
            head, place = overridden, None
        elif place:
            head = f"{head}:{place[0]}:{place[1]}"
        parts = [head, show_path(problem.path), problem.message]
        lines = [": ".join(part for part in parts if part)]
        if place:
            lines += self.places.excerpt(place)
        if problem.hint:
            lines.append(f"  {problem.hint}")
        return "\n".join(lines)
