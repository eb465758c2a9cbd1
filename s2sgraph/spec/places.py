"""Where each key and value of a spec stands in its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top, such as `("decoder", 2, "attention", "query")`."""

Place = tuple[int, int]
"""Line and column, both counted from 1."""

WIDTH = 96
"""Columns of a source line that an excerpt shows."""


@dataclass(frozen=True)
class Places:
    """The places of one text, by key path.

    Attributes:
        name: the file's name, as the user gave it.
        text: the whole text.
        keys: place of each key of a mapping.
        values: place of each value.
        overrides: key paths that were set afterwards, and by what (`--set train.steps=3`).
    """

    name: str = "<spec>"
    text: str = ""
    keys: Mapping[KeyPath, Place] = field(default_factory=dict, repr=False)
    values: Mapping[KeyPath, Place] = field(default_factory=dict, repr=False)
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)

    def written(self, path: KeyPath) -> KeyPath:
        """`path` as the text has it, where the one item of a list is written without the list."""
        found: KeyPath = ()
        for part in path:
            alone = part == 0 and found in self.values and (*found, 0) not in self.values
            if not alone:
                found = (*found, part)
        return found

    def find(self, path: KeyPath, *, key: bool = False) -> Place | None:
        """The place of `path`, or of its nearest parent that has one; None without a text."""
        if key and path in self.keys:
            return self.keys[path]
        for end in range(len(path), 0, -1):
            part = path[:end]
            if part in self.values:
                return self.values[part]
        return self.values.get(())

    def overridden(self, path: KeyPath) -> str:
        """What set `path` or a parent of it after the text was read; empty when nothing did."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.overrides:
                return self.overrides[path[:end]]
        return ""

    def excerpt(self, place: Place) -> list[str]:
        """The source line at `place`, and a caret under the column."""
        lines = self.text.split("\n")
        if not 1 <= place[0] <= len(lines) or not lines[place[0] - 1].strip():
            return []
        line = "".join(
            sign if sign.isprintable() or sign == "\t" else "\ufffd" for sign in lines[place[0] - 1]
        )
        start = max(0, place[1] - 1 - WIDTH * 2 // 3) if len(line) > WIDTH else 0
        shown = line[start : start + WIDTH]
        before = shown[: place[1] - 1 - start]
        margin = "".join("\t" if sign == "\t" else " " for sign in before)
        return [f"  {shown}", f"  {margin}^"]


def show_path(path: KeyPath) -> str:
    """The path as people write it: `decoder[2].attention.query`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
