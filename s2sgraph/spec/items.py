"""Chains: the lists of layers and blocks that encoders and decoders are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from s2sgraph.spec.checking import Settings
from s2sgraph.spec.errors import Problem
from s2sgraph.spec.fields import Name
from s2sgraph.spec.kinds import Kind, Layer, find, kinds
from s2sgraph.spec.messages import (
    Partial,
    did_you_mean,
    invalid,
    one_of,
    problem_of,
    problems_of,
    refuse,
    shown,
)
from s2sgraph.spec.places import KeyPath

BLOCK = "block"
"""What an unnamed block is called."""
MOST = 1000
"""Most items of one chain."""

_BLOCK_KEYS = {"repeat", "layers"}


@dataclass(frozen=True)
class Faulty:
    """Stands for an item that is not good, in a chain that rules look at all the same.

    Attributes:
        word: the kind of layer, `block`, or nothing when that is not clear.
    """

    word: str


def read_chain(value: Any) -> tuple[Layer | Block, ...]:
    """A chain from a list of items; all problems of all items at once."""
    if not isinstance(value, list | tuple):
        message = f"expected a list of layers, not {shown(value)}"
        raise refuse(message, "begin each layer with `- `" if isinstance(value, dict) else "")
    if not value:
        raise refuse("the list of layers is empty", "a chain needs at least one layer")
    if len(value) > MOST:
        raise refuse(f"{len(value)} items; the most is {MOST}", "repeat layers by a block")
    items: list[Layer | Block | Faulty] = []
    problems: list[Problem] = list(_naming(value))
    for index, entry in enumerate(value):
        try:
            items.append(_item(entry))
        except PydanticCustomError as error:
            problems.append(problem_of(error, index))
            items.append(Faulty(_word(entry)))
        except ValidationError as error:
            problems += [problem.under(index) for problem in problems_of(error)]
            items.append(Faulty(_word(entry)))
    if problems:
        raise invalid("chain", problems, Partial(tuple(items)))
    return tuple(item for item in items if not isinstance(item, Faulty))


def _word(entry: Any) -> str:
    """The kind that an item means to be, as far as that is clear."""
    called = _called(entry)
    return called[4] if called else ""


def _item(entry: Any) -> Layer | Block:
    """A layer from `kind: settings`, `kind: value` or `kind`; a block from its mapping."""
    if isinstance(entry, Layer | Block):
        return entry
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, Mapping):
        raise refuse(f"expected a layer such as lstm: 64, or a block, not {shown(entry)}")
    if _is_block(entry):
        return Block.model_validate(entry)
    if len(entry) != 1:
        raise _split(entry)
    [(word, value)] = entry.items()
    chosen = _layer_kind(word)
    try:
        return _layer(chosen.model_validate(chosen.read(value)))
    except PydanticCustomError as error:
        raise invalid(word, [problem_of(error, word)]) from None
    except ValidationError as error:
        raise invalid(word, [problem.under(word) for problem in problems_of(error)]) from None


def _layer(kind: Kind) -> Layer:
    assert isinstance(kind, Layer), kind
    return kind


def _is_block(entry: Mapping[str, Any]) -> bool:
    return not _BLOCK_KEYS.isdisjoint(entry)


def _layer_kind(word: str) -> type[Kind]:
    if word not in kinds("layer"):
        near = did_you_mean(word, _BLOCK_KEYS)
        if near:
            raise invalid(
                "item", [Problem((word,), f"no kind of layer is called {shown(word)}", near, True)]
            )
    try:
        return find("layer", word, "layer")
    except PydanticCustomError as error:
        raise invalid("item", [problem_of(error, word, at_key=True)]) from None


def _split(entry: Mapping[str, Any]) -> PydanticCustomError:
    """The error for an item that is not one `kind: settings`."""
    if not entry:
        return refuse("expected a layer such as lstm: 64; the mapping is empty")
    known = [key for key in entry if key in kinds("layer")]
    rest = [key for key in entry if key not in known]
    message = f"an item is one layer, `kind: settings`; here are {len(entry)} keys"
    if len(known) == 1:
        return refuse(
            message, f"indent {one_of(rest[:8]).replace(' or ', ' and ')} under {known[0]}"
        )
    return refuse(message, "begin each layer with `- `")


def _naming(entries: list[Any] | tuple[Any, ...]) -> Iterator[Problem]:
    """Names that are used twice, and unnamed layers that cannot be told apart."""
    seen: dict[str, bool] = {}
    for index, entry in enumerate(entries):
        found = _called(entry)
        if not found:
            continue
        name, named, weighted, path, _ = found
        if name in seen and (named or seen[name]):
            hint = (
                "a name is used once in a list"
                if named
                else f"name this one, or rename the other {name}"
            )
            yield Problem((index, *path), f"the name {name} is used twice", hint)
        elif name in seen and weighted:
            message = (
                f"two unnamed {name} layers in one list"
                if name != BLOCK
                else "two unnamed blocks in one list"
            )
            hint = "name one, so that inserting a layer never renames another's weights"
            yield Problem((index, *path), message, hint)
        seen[name] = seen.get(name, False) or named


def _called(entry: Any) -> tuple[str, bool, bool, KeyPath, str] | None:
    """Name, whether it was given, weights, key path and kind; None if unclear."""
    if isinstance(entry, Layer):
        return entry.label, entry.name is not None, entry.weighted, (), entry.word
    if isinstance(entry, Block):
        return entry.label, entry.name is not None, True, (), BLOCK
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, Mapping) or not entry:
        return None
    path: KeyPath = ()
    word, settings, weighted = BLOCK, entry, True
    if not _is_block(entry):
        word, settings = next(iter(entry.items()))
        chosen = kinds("layer").get(word)
        if len(entry) != 1 or not isinstance(chosen, type) or not issubclass(chosen, Layer):
            return None
        weighted, path = chosen.weighted, (word,)
    name = settings.get("name") if isinstance(settings, Mapping) else None
    if isinstance(name, str):
        return name, True, weighted, (*path, "name"), word
    return word, False, weighted, path, word


class Block(Settings):
    """Layers that are repeated, each copy with weights of its own.

    Attributes:
        name: what references and weights call it; by default `block`.
        repeat: number of copies.
        layers: the layers of one copy; may hold blocks.
    """

    name: Name | None = None
    repeat: int = Field(default=1, ge=1, le=1000)
    layers: Chain

    @property
    def label(self) -> str:
        """The name in references and weights."""
        return self.name or BLOCK


Chain = Annotated[
    tuple[Layer | Block, ...],
    PlainValidator(read_chain),
    WithJsonSchema({"type": "array", "items": {"x-ref": "item"}, "minItems": 1}),
]
"""Layers and blocks, each reading the one before it unless `from:` says otherwise."""


Block.model_rebuild()


def layers(
    chain: tuple[Layer | Block | Faulty, ...], path: KeyPath = ()
) -> Iterator[tuple[KeyPath, Layer]]:
    """Every layer of a chain with the key path of its settings, blocks entered once."""
    for index, item in enumerate(chain):
        if isinstance(item, Block):
            yield from layers(item.layers, (*path, index, "layers"))
        elif isinstance(item, Layer):
            yield (*path, index, item.word), item
