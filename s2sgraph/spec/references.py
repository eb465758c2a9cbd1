"""References to values of the model, such as `prev.state` or `encoder.final.backward`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import CoreSchema, core_schema

from s2sgraph.spec.messages import refuse, shown

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_PART = rf"{_NAME}(?:\[(?:0|[1-9][0-9]{{0,5}})\])*"
PATTERN = rf"^{_PART}(?:\.{_PART})*$"
"""What a reference looks like, for editors."""

_WHOLE = re.compile(PATTERN.replace("$", r"\Z"), re.ASCII)
_PIECE = re.compile(rf"({_NAME})|\[([0-9]+)\]", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """A value by name: `[prev.]NAME[.PART]...`, where `NAME[2]` is a copy of a block.

    Attributes:
        path: names and numbers, such as `("layers", 2, "self_attention")`.
        previous: the value one decoder step earlier.
    """

    path: tuple[str | int, ...]
    previous: bool = False

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference.

        Raises:
            ValueError: the text is not one.
        """
        if len(text) > 200 or not _WHOLE.match(text):
            raise ValueError(f"not a reference: {text[:40]!r}")
        pieces = [name or int(number) for name, number in _PIECE.findall(text)]
        previous = pieces[0] == "prev"
        if previous:
            del pieces[0]
        if not pieces or not isinstance(pieces[0], str) or "prev" in pieces:
            raise ValueError("`prev.` goes before one name, as in prev.state")
        return cls(tuple(pieces), previous)

    @property
    def name(self) -> str:
        """The first name of the path."""
        return str(self.path[0])

    def __str__(self) -> str:
        """The text of the reference."""
        text = "prev" if self.previous else ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Accept a reference or its text."""
        return core_schema.no_info_plain_validator_function(
            read_reference, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """A text of the form of a reference."""
        return {"type": "string", "pattern": PATTERN}


def read_reference(value: Any) -> Reference:
    """A reference from its text, refused in plain words."""
    if isinstance(value, Reference):
        return value
    if not isinstance(value, str):
        raise refuse(f"expected a reference such as state or prev.state, not {shown(value)}")
    try:
        return Reference.parse(value)
    except ValueError:
        hint = "`prev.` goes before one name, as in prev.state" if "prev" in value else ""
        message = f"expected a reference such as state or prev.state, not {shown(value)}"
        raise refuse(message, hint) from None
