"""What people give to be run, as arrays: lines and ids of one row each, and batches of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.runtime.checks import Arrays, checked_row
from s2sgraph.runtime.contract import Contract, Input
from s2sgraph.runtime.errors import ModelError
from s2sgraph.text import Ids, own, sent

# A line of text, a list of ids, an array of frames, or these by the names of several inputs.
Item = str | Sequence[int] | NDArray[Any] | Mapping[str, Any]
# What a row has of each input: an array without the batch axis, or a line where the file cuts it.
Row = dict[str, NDArray[Any] | str]


def as_row(contract: Contract, item: Item, number: int, shared: Mapping[str, Any]) -> Row:
    """What one item has of each input; `shared` is for all rows that have none of their own.

    Raises ModelError naming the row.
    """
    sources = contract.sources
    if not isinstance(item, Mapping):
        if len(sources) != 1:
            names = ", ".join(i.source for i in sources)
            raise ModelError(f"row {number}: one value; expected a mapping with {names}")
        item = {sources[0].name: item}
    names_of_lines = {i.source: i.name for i in sources}
    row: Row = {}
    for given, value in {**shared, **item}.items():
        name = names_of_lines.get(given, given)
        wanted = contract.input(name)
        if wanted is None or wanted.axes[:1] != ("batch",):
            raise ModelError(f"row {number}: {given!r} is no input that rows have")
        if wanted.dtype == "string":
            row[name] = _line(wanted, value, number)
        else:
            found = _encoded(contract, wanted, value, number) if isinstance(value, str) else value
            row[name] = checked_row(wanted, found, number)
    missing = [i.source for i in sources if i.name not in row]
    if missing:
        raise ModelError(f"row {number}: no {', '.join(missing)}")
    return row


def size(row: Row) -> int:
    """How much a row is, to put like rows together: places of all its inputs."""
    return sum(len(value) if isinstance(value, str) else value.size for value in row.values())


def as_batch(contract: Contract, rows: Sequence[Row]) -> Arrays:
    """The rows' arrays padded to one width, with their lengths."""
    batch: Arrays = {}
    for wanted in contract.inputs:
        if wanted.is_setting:
            continue
        values = [row[wanted.name] for row in rows if wanted.name in row]
        if wanted.dtype == "string":
            lines = [_apart(contract, wanted, str(value)) for value in values]
            batch[wanted.name] = np.array(lines, object)
            continue
        arrays = [value for value in values if not isinstance(value, str)]
        if wanted.axes == ("batch",):
            if len(arrays) == len(rows) and not _measures(contract, wanted):
                batch[wanted.name] = np.array(arrays, np.int64)
            continue
        if wanted.default == [] and len(wanted.axes) == 2:
            none = np.zeros(0, np.int64)
            arrays = [np.asarray(row.get(wanted.name, none)) for row in rows]
        if len(arrays) < len(rows):
            continue
        array, lengths = _padded(wanted, arrays, _padding(contract, wanted))
        batch[wanted.name] = array
        if contract.input(f"{wanted.name}_length"):
            batch[f"{wanted.name}_length"] = lengths
    return batch


def own_words(contract: Contract, item: Item) -> tuple[str, ...]:
    """The words of an item's own that a file can copy: what ids beyond the vocabulary stand for."""
    for wanted in contract.sources:
        value = item.get(wanted.name) if isinstance(item, Mapping) else item
        table = contract.table(wanted)
        if wanted.own and table is not None and isinstance(value, str):
            return own.own_words(table, value)
    return ()


def lengths_of_lines(contract: Contract, rows: Sequence[Row]) -> dict[str, list[int]]:
    """For each source that comes as lines, how many symbols the file reads of every row."""
    found = {}
    for wanted in contract.sources:
        table = contract.table(wanted)
        if wanted.dtype == "string" and table is not None:
            found[wanted.source] = [len(table.encode(str(row[wanted.name]))) for row in rows]
    return found


def _measures(contract: Contract, wanted: Input) -> bool:
    """Whether an input is the length of another: it is made with that one."""
    return contract.input(wanted.name.removesuffix("_length")) not in (None, wanted)


def _line(wanted: Input, value: Any, row: int) -> str:
    if not isinstance(value, str):
        kind = type(value).__name__
        raise ModelError(f"{wanted.name}: row {row}: {kind}; the file takes lines of text")
    return value


def _apart(contract: Contract, wanted: Input, line: str) -> str:
    """A line as the file takes it."""
    table = contract.table(wanted)
    return line if isinstance(table, Ids | None) else sent(table, line, wanted.separator)


def _encoded(contract: Contract, wanted: Input, line: str, row: int) -> list[int]:
    if wanted.dtype != "int64":
        raise ModelError(f"{wanted.name}: row {row}: text; expected frames, {wanted.type}")
    table = contract.table(wanted) or Ids(wanted.below)
    try:
        if wanted.own:
            ids = own.encode(table, line, own.own_words(table, line))
            return [*ids, table.special.eos] if table.end else ids
        ids = table.encode(line)
    except ValueError as error:
        raise ModelError(f"{wanted.name}: row {row}: {error}") from None
    # What a target begins with has no end, even where the two sides share a vocabulary.
    begins = wanted.name not in contract.vocabularies
    return ids[:-1] if begins and table.end else ids


def _padding(contract: Contract, wanted: Input) -> int:
    table = contract.table(wanted)
    return 0 if table is None else table.special.pad


def _padded(
    wanted: Input, values: Sequence[NDArray[Any]], padding: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """[batch, width] ids or [batch, width, feature] frames, and int64[batch] lengths."""
    lengths = np.array([len(value) for value in values], np.int64)
    width = int(lengths.max(initial=0))
    inner = [axis if isinstance(axis, int) else 0 for axis in wanted.axes[2:]]
    if values:
        inner = list(values[0].shape[1:])
    if wanted.dtype == "int64":
        array = np.full((len(values), width, *inner), padding, np.int64)
    else:
        array = np.zeros((len(values), width, *inner), np.float32)
    for target, value in zip(array, values, strict=True):
        target[: len(value)] = value
    return array, lengths
