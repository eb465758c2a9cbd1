"""Checks of a run's inputs before the runtime sees them.

The runtime would take an id of -1 from the table's end, read beyond a row, or answer with the
name of an inner node. Every problem found here is said in the caller's terms, all at once.
"""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2sgraph.runtime.contract import DTYPES, Contract, Input
from s2sgraph.runtime.errors import ModelError, suggestion

Arrays = dict[str, NDArray[Any]]


def checked(contract: Contract, given: Mapping[str, Any]) -> Arrays:
    """The arrays to run with: what was given, converted, and defaults for what was not.

    Raises one ModelError listing every unknown or missing name, wrong type, wrong shape, id or
    length out of range, naming row and column (both from 0).
    """
    problems = [
        f"unknown input {name!r}{suggestion(name, [i.name for i in contract.inputs])}"
        for name in given
        if contract.input(name) is None
    ]
    arrays: Arrays = {}
    for wanted in contract.inputs:
        value = given.get(wanted.name)
        if value is None:
            if wanted.required:
                problems.append(f"{wanted.name}: missing; expected {wanted.type}")
                continue
            value = _default(contract, wanted, given)
        try:
            arrays[wanted.name] = _array(wanted, value)
        except ValueError as error:
            problems.append(f"{wanted.name}: {error}")
    if not problems:
        problems += _sizes(contract, arrays)
    if not problems:
        problems += _lengths(contract, arrays)
    if problems:
        raise ModelError("\n".join(problems))
    return arrays


def _default(contract: Contract, wanted: Input, given: Mapping[str, Any]) -> Any:
    """The file's default, in the shape of the input."""
    if wanted.default != [] or len(wanted.axes) < 2:
        return wanted.default
    # An empty list for each row: as many as the first source has.
    sources = (given.get(source.name) for source in contract.sources)
    rows = next((len(value) for value in sources if isinstance(value, Sized)), 0)
    return np.zeros((rows, *[0] * (len(wanted.axes) - 1)), DTYPES[wanted.dtype])


def _array(wanted: Input, value: Any) -> NDArray[Any]:
    """The value as an array of the wanted type and rank. Raises ValueError."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"rows of unequal length; expected {wanted.type}") from None
    if array.size == 0 and not isinstance(value, np.ndarray):
        array = array.astype(DTYPES[wanted.dtype])  # numpy calls an empty list float64
    if wanted.dtype == "string":
        return _texts(wanted, array)
    allowed = {"int64": "iu", "float32": "fiu", "bool": "b"}[wanted.dtype]
    if array.dtype.kind not in allowed:
        raise ValueError(f"type {array.dtype}; expected {wanted.type}")
    if array.ndim != len(wanted.axes):
        raise ValueError(f"shape {list(array.shape)}; expected {wanted.type}")
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise ValueError(f"{int(array.max())} is too large; expected {wanted.type}")
    # NaN passes on: it is a default that some settings use to mean "none".
    with np.errstate(over="ignore"):
        converted: NDArray[Any] = np.ascontiguousarray(array, DTYPES[wanted.dtype]).reshape(
            array.shape
        )
    if wanted.dtype == "float32" and array.ndim:
        _refuse(~np.isfinite(converted), array, wanted, "finite numbers")
    if wanted.dtype == "int64" and len(wanted.axes) > ("batch" in wanted.axes):
        low, high = 0, 2**63 - 1 if wanted.below is None else wanted.below - 1
        expected = f"ids from {low} to {high}, padding too"
        _refuse((converted < low) | (converted > high), array, wanted, expected)
    return converted


def _texts(wanted: Input, array: NDArray[Any]) -> NDArray[Any]:
    """Texts as the runtime takes them. Raises ValueError."""
    if array.ndim != len(wanted.axes):
        raise ValueError(f"shape {list(array.shape)}; expected {wanted.type}")
    texts = array.astype(object)
    for place, text in np.ndenumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"{type(text).__name__} in row {place[0]}; expected {wanted.type}")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"half of a surrogate pair in row {place[0]}; expected text") from None
    return texts


def checked_row(wanted: Input, value: Any, row: int) -> NDArray[Any]:
    """One row's value of an input, without the batch axis. Raises ModelError naming the row."""
    alone = replace(wanted, axes=wanted.axes[1:])
    try:
        array = _array(alone, value)
        fixed = [size for size in alone.axes if isinstance(size, int)]
        if fixed and array.shape[len(array.shape) - len(fixed) :] != tuple(fixed):
            raise ValueError(f"shape {list(array.shape)}; expected {alone.type}")
    except ValueError as error:
        raise ModelError(f"{wanted.name}: row {row}: {error}") from None
    return array


def _refuse(wrong: NDArray[np.bool_], array: NDArray[Any], wanted: Input, expected: str) -> None:
    """Raise ValueError naming the first wrong place, by row and column or by the axes' names."""
    if not wrong.any():
        return
    place = tuple(np.argwhere(wrong)[0].tolist())
    called = {"batch": "row"}
    names = ["feature" if isinstance(a, int) else called.get(a, a) for a in wanted.axes]
    if len(names) - ("row" in names) == 1:
        names[-1] = "column"
    where = ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=True))
    count = int(wrong.sum())
    more = f" (and {count - 1} more)" if count > 1 else ""
    raise ValueError(f"{array[place]} at {where}{more}; expected {expected}")


def _sizes(contract: Contract, arrays: Arrays) -> list[str]:
    """Axes of fixed size, and axes of one name, which must be of one size."""
    problems = []
    bound: dict[str, tuple[int, str]] = {}
    for wanted in contract.inputs:
        array = arrays[wanted.name]
        if array.shape == (0,) and wanted.default == []:
            continue  # the empty list that stands for the default
        for axis, size in zip(wanted.axes, array.shape, strict=True):
            if isinstance(axis, int):
                if axis != size:
                    problems.append(
                        f"{wanted.name}: shape {list(array.shape)}; expected {wanted.type}"
                    )
                continue
            first, name = bound.setdefault(axis, (size, wanted.name))
            if first != size:
                problems.append(
                    f"{wanted.name}: {axis} is {size}, but {first} in {name}; expected equal"
                )
    return problems


def _lengths(contract: Contract, arrays: Arrays) -> list[str]:
    """Each length from 0 to the width of what it measures."""
    problems = []
    for wanted in contract.inputs:
        array = arrays[wanted.name]
        if wanted.dtype != "int64" or wanted.axes != ("batch",):
            continue
        measured = arrays.get(wanted.name.removesuffix("_length"))
        is_length = wanted.name.endswith("_length") and measured is not None
        width = measured.shape[1] if is_length and measured is not None else 2**31
        for row, length in enumerate(array.tolist()):
            if not 0 <= length <= width:
                limit = f"0 to {width}, the width" if is_length else "a number from 0"
                problems.append(f"{wanted.name}: {length} in row {row}; expected {limit}")
                break
    return problems


def lengths_of(arrays: Arrays, name: str) -> Sequence[int]:
    """The length of every row of an input: its NAME_length, or the full width."""
    array = arrays[name]
    lengths = arrays.get(f"{name}_length")
    if lengths is None or lengths.shape != array.shape[:1]:
        return [array.shape[1]] * array.shape[0]
    numbers: list[int] = lengths.tolist()
    return numbers
