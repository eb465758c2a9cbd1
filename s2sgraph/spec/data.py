"""Data: which files training reads, and what is done about odd lines in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from s2sgraph.spec.checking import Settings, rule
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import Filename, Size, read_filename
from s2sgraph.spec.messages import invalid, problem_of, problems_of, refuse

Weight = Annotated[float, Field(gt=0, le=1000)]


class Part(Settings):
    """A file of whole rows, or a file for each name, line by line.

    Attributes:
        file: lines of source TAB target, or `.jsonl` or `.npz`; `.gz` of any lines.
        columns: files by the name of what they hold; in a spec they stand beside `weight`.
        alignments: a line for each row, of pairs of places `0-0 1-2`, the source's first.
        weight: how often each of its rows comes in an epoch.
    """

    file: Filename | None = None
    columns: dict[str, Filename] = Field(default_factory=dict)
    alignments: Filename | None = None
    weight: Weight = 1.0

    @property
    def spelled(self) -> str | dict[str, Any]:
        """As a spec spells it."""
        files: dict[str, Any] = dict(self.columns) if self.file is None else {"file": self.file}
        if self.alignments is not None:
            files["alignments"] = self.alignments
        if self.weight != 1:
            files["weight"] = self.weight
        return self.file if self.file is not None and len(files) == 1 else files


def _part(value: Any) -> Part:
    """One file, or a mapping of files and perhaps a weight."""
    if not isinstance(value, Mapping):
        return Part(file=read_filename(value))
    problems: list[Problem] = []
    files: dict[str, str] = {}
    for key, item in value.items():
        if key != "weight":
            try:
                files[str(key)] = read_filename(item)
            except PydanticCustomError as error:
                problems.append(problem_of(error, str(key)))
    alignments = files.pop("alignments", None)
    if not files and not problems:
        problems.append(Problem((), "names no file", "write file, or source and target"))
    if "file" in files and len(files) > 1:
        others = [key for key in files if key != "file"]
        message = "file holds whole rows, so no other file can hold a part of them"
        problems.append(Problem((others[0],), message, "keep file, or the others", at_key=True))
    form = {"file": files.pop("file", None), "columns": files, "alignments": alignments}
    try:
        part = Part.model_validate(form | {k: v for k, v in value.items() if k == "weight"})
    except ValidationError as error:
        problems += problems_of(error)
    if problems:
        raise invalid("part", problems)
    return part


def _parts(value: Any) -> tuple[Part, ...]:
    if not isinstance(value, list | tuple):
        return (value if isinstance(value, Part) else _part(value),)
    if not value:
        raise refuse("expected a file or a list of files; the list is empty")
    problems = []
    parts = []
    for index, item in enumerate(value):
        try:
            parts.append(item if isinstance(item, Part) else _part(item))
        except PydanticCustomError as error:
            problems.append(problem_of(error, index))
        except ValidationError as error:
            problems += [problem.under(index) for problem in problems_of(error)]
    if problems:
        raise invalid("files", problems)
    return tuple(parts)


_FILE = {"type": "string"}
_WEIGHT = {"type": "number", "exclusiveMinimum": 0, "maximum": 1000}
_PART = {
    "anyOf": [
        _FILE,
        {
            "type": "object",
            "properties": {"weight": _WEIGHT},
            "additionalProperties": _FILE,
            "minProperties": 1,
        },
    ]
}

Parts = Annotated[
    tuple[Part, ...],
    PlainValidator(_parts),
    WithJsonSchema({"anyOf": [*_PART["anyOf"], {"type": "array", "items": _PART, "minItems": 1}]}),
]


class Data(Settings):
    """The files of examples.

    Attributes:
        train: what is learned from; several files may have weights.
        dev: what the best weights are chosen by.
        test: what is left for the end.
        odd: what is done about lines that are no sound example: `error` names them all, `skip`
            leaves them out and counts them, `keep` repairs them.
        max_length: most units (or frames) of a side of a training example; a longer one is odd.
    """

    train: Parts | None = None
    dev: Parts | None = None
    test: Parts | None = None
    odd: Literal["error", "skip", "keep"] = "error"
    max_length: Size | None = None

    @rule("dev", "test")
    def _weights_and_alignments_are_for_training(self) -> Iterator[Problem]:
        for name in ("dev", "test"):
            for index, part in enumerate(getattr(self, name) or ()):
                if part.weight != 1:
                    message = f"a weight of {part.weight:g}: {name} data are read once each"
                    yield Problem((name, index, "weight"), message, "remove weight")
                if part.alignments is not None:
                    message = f"alignments guide training; {name} data need none"
                    yield Problem((name, index, "alignments"), message, "remove it", at_key=True)
