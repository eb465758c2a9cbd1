"""Whatever is done to a good spec, it is a good spec still, or one SpecError."""

import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from long_cases import long_but

from s2sgraph.spec import KeyPath, Places, Spec, SpecError, dump, loads
from s2sgraph.spec.dumping import plain
from s2sgraph.spec.reading import read

TYPES: list[Any] = [None, True, 3, -1, 0.5, "text", "prev.", [], [[]], ["text"], {}, {"a": 1}]
# Keys below these are names that the user chooses.
FREE = {("steps",)}
SIGNS = [
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "-",
    "?",
    "&a ",
    "*a",
    "!!int ",
    "|",
    ">",
    "'",
    '"',
    "#",
    "%",
]
SIGNS += [
    "\n",
    "\t",
    "  ",
    "\0",
    "\ufeff",
    "\u2028",
    "é",
    "\\",
    "~",
    "null",
    "1e999",
    ".nan",
    "prev.",
]


def keys(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every key."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in entries:
        if isinstance(value, dict):
            yield (*path, key)
        if isinstance(item, dict | list):
            yield from keys(item, (*path, key))


def parent(data: Any, path: KeyPath) -> Any:
    for part in path[:-1]:
        data = data[part]
    return data


def survives(data: Any) -> None:
    """Check it: a spec that is accepted can be written and read back."""
    try:
        spec = Spec.check(data, Places("spec.yaml"))
    except SpecError as error:
        str(error)
    else:
        assert Spec.check(plain(spec), Places()) == spec


def test_every_key_can_be_deleted(example: Path) -> None:
    data = read(example.read_bytes(), example.name).value
    for path in list(keys(data)):
        changed = deepcopy(data)
        del parent(changed, path)[path[-1]]
        survives(changed)


@pytest.mark.parametrize("part", long_but([0], range(3)))
def test_every_value_can_be_of_any_type(example: Path, part: int) -> None:
    """Each part has other types for each key; together they are all."""
    data = read(example.read_bytes(), example.name).value
    for number, path in enumerate(list(keys(data))):
        for value in TYPES[(number + part) % 3 :: 3]:
            changed = deepcopy(data)
            parent(changed, path)[path[-1]] = deepcopy(value)
            survives(changed)


@pytest.mark.parametrize("part", long_but([0], range(3)))
def test_a_renamed_key_is_named_with_its_place(example: Path, part: int) -> None:
    text = example.read_text()
    document = read(text, example.name)
    lines = text.split("\n")
    for path in list(keys(document.value))[part::3]:
        line, column = document.places.keys[path]
        key, new = str(path[-1]), f"{path[-1]}q"
        changed = list(lines)
        before = changed[line - 1]
        assert before[column - 1 :].startswith(key)
        changed[line - 1] = before[: column - 1] + new + before[column - 1 + len(key) :]
        if path[:-1] in FREE:
            continue
        with pytest.raises(SpecError) as caught:
            loads("\n".join(changed), "spec.yaml")
        named = [p for p in caught.value.problems if new in p.path and new in p.message]
        assert len(named) == 1, (path, str(caught.value))
        assert f"spec.yaml:{line}:{column}: " in str(caught.value)


def mutate(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(5):
            case 0:
                text = text[:at] + chance.choice(SIGNS) + text[at:]
            case 1:
                text = text[:at] + text[at + chance.randint(1, 8) :]
            case 2:
                other = chance.randrange(len(text) + 1)
                text = text[:at] + text[other : other + 30] + text[at:]
            case 3:
                text = text[:at] + chr(chance.randrange(0x250)) + text[at + 1 :]
            case _:
                lines = text.split("\n")
                chance.shuffle(lines)
                text = "\n".join(lines)
    return text


def check_mutations(seeds: range, examples: list[str]) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        text = mutate(chance.choice(examples), chance)
        try:
            spec = loads(text, "spec.yaml")
        except SpecError as error:
            str(error)
        else:
            assert loads(dump(spec)) == spec, seed


def test_200_mutations(examples: list[str]) -> None:
    check_mutations(range(200), examples)


@pytest.mark.long
def test_2000_mutations(examples: list[str]) -> None:
    check_mutations(range(200, 2200), examples)
