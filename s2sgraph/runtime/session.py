"""A session: an exported file, ready to run on text, ids or arrays."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from s2sgraph.runtime.checks import Arrays, checked, checked_row, lengths_of
from s2sgraph.runtime.contract import Contract, Input
from s2sgraph.runtime.errors import ModelError, runtime_errors
from s2sgraph.runtime.loading import load
from s2sgraph.runtime.results import Result, results
from s2sgraph.text import Ids

# A line of text, a list of ids, an array of frames, or these by the names of several inputs.
Item = str | Sequence[int] | NDArray[Any] | Mapping[str, Any]


class Session:
    """A model file that answers. It holds no state between calls; threads may share it.

    >>> session = Session("model.onnx")                                        # doctest: +SKIP
    >>> session.run(["3 May 2021"], beams=4)[0].text                           # doctest: +SKIP
    '2021-05-03'

    `threads` bounds the threads of one call; None means every core. Raises ModelError for a file
    that cannot be loaded.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self.path = Path(path)
        self._session, self.contract = load(path, threads)

    @classmethod
    def over(cls, engine: Any, contract: Contract, name: str) -> Self:
        """A session over an engine other than onnxruntime, which has its `run(names, inputs)`.

        So what stands between text and arrays, and back, is the same for every engine.
        """
        session = cls.__new__(cls)
        session.path, session._session, session.contract = Path(name), engine, contract
        return session

    def __repr__(self) -> str:
        return f"Session({str(self.path)!r}, graph={self.contract.graph!r})"

    def run(self, items: Sequence[Item], *, batch_size: int = 32, **settings: Any) -> list[Result]:
        """One result for each item, in order; what an item gets depends on nothing but itself.

        An item is a line of text, a list of ids, float32[time, feature] frames, or a mapping with
        one of these for each source (and `steps`, and step features, where the model has them).
        `settings` are the file's inputs without a batch axis, such as `max_length` or `beams`;
        an int64[batch] input such as `steps` may be given here once for all items. Items of like
        length run together, at most `batch_size` at a time. Raises ModelError.
        """
        self._expect("decode")
        if isinstance(items, str | bytes):
            raise ModelError("one text; expected a list of items: run([text])")
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; expected a number from 1")
        rows = [self._row(item, number) for number, item in enumerate(items)]
        if not rows:
            checked(self.contract, {**settings, **self._batch(rows, settings)})
            return []
        shortest_first = sorted(range(len(rows)), key=lambda n: sum(map(np.size, rows[n].values())))
        found: dict[int, Result] = {}
        for start in range(0, len(rows), batch_size):
            numbers = shortest_first[start : start + batch_size]
            given = {**settings, **self._batch([rows[n] for n in numbers], settings)}
            arrays = checked(self.contract, given)
            outputs = self._call(arrays)
            own = {str(i.axes[1]): list(lengths_of(arrays, i.name)) for i in self.contract.sources}
            found.update(zip(numbers, results(self.contract, outputs, own), strict=True))
        return [found[number] for number in range(len(rows))]

    def decode(self, source: Any = None, source_length: Any = None, **inputs: Any) -> Arrays:
        """The outputs of a decode file for one batch of arrays, by name.

        `source` is int64[batch, source] or float32[batch, source, feature], `source_length`
        int64[batch] (None: the full width); several sources are given by their names. Raises
        ModelError.
        """
        self._expect("decode")
        named = {"source": source, "source_length": source_length}
        return self.call(**{n: v for n, v in named.items() if v is not None}, **inputs)

    def call(self, **inputs: Any) -> Arrays:
        """The outputs, by name, of any file (decode, score, encode, step) for its inputs by name.

        Inputs that are not given take the file's defaults. Raises ModelError.
        """
        return self._call(checked(self.contract, inputs))

    def _expect(self, graph: str) -> None:
        if self.contract.graph != graph:
            raise ModelError(
                f"{self.path} holds the graph {self.contract.graph!r}, not {graph!r}; use call()"
            )

    def _call(self, arrays: Arrays) -> Arrays:
        with runtime_errors(f"{self.path}: the run failed"):
            names = [output.name for output in self.contract.outputs]
            return dict(zip(names, self._session.run(names, arrays), strict=True))

    # -------------------------------------------------------------- items to arrays

    def _row(self, item: Item, row: int) -> Arrays:
        """The arrays of one item, without the batch axis."""
        sources = self.contract.sources
        if not isinstance(item, Mapping):
            if len(sources) != 1:
                names = ", ".join(i.name for i in sources)
                raise ModelError(f"row {row}: one value; expected a mapping with {names}")
            item = {sources[0].name: item}
        arrays = {}
        for name, value in item.items():
            wanted = self.contract.input(name)
            if wanted is None or wanted.axes[:1] != ("batch",):
                raise ModelError(f"row {row}: {name!r} is no input that rows have")
            if isinstance(value, str):
                value = self._encoded(wanted, value, row)
            arrays[name] = checked_row(wanted, value, row)
        missing = [i.name for i in sources if i.name not in arrays]
        if missing:
            raise ModelError(f"row {row}: no {', '.join(missing)}")
        return arrays

    def _encoded(self, wanted: Input, line: str, row: int) -> list[int]:
        if wanted.dtype != "int64":
            raise ModelError(f"{wanted.name}: row {row}: text; expected frames, {wanted.type}")
        vocabulary = self.contract.vocabularies.get(wanted.name) or Ids(wanted.below)
        try:
            return vocabulary.encode(line)
        except ValueError as error:
            raise ModelError(f"{wanted.name}: row {row}: {error}") from None

    def _batch(self, rows: Sequence[Arrays], settings: Mapping[str, Any]) -> Arrays:
        """The rows' arrays padded to one width, with their lengths."""
        batch: Arrays = {}
        for wanted in self.contract.inputs:
            values = [row[wanted.name] for row in rows if wanted.name in row]
            if wanted.axes == ("batch",):
                once = settings.get(wanted.name)
                if len(values) == len(rows):
                    batch[wanted.name] = np.array(values, np.int64)
                elif isinstance(once, int) and not isinstance(once, bool):
                    batch[wanted.name] = np.full(len(rows), once, np.int64)
                continue
            if wanted.is_setting or (len(values) < len(rows)):
                continue
            array, lengths = _padded(wanted, values, self._padding(wanted))
            batch[wanted.name] = array
            if self.contract.input(f"{wanted.name}_length"):
                batch[f"{wanted.name}_length"] = lengths
        return batch

    def _padding(self, wanted: Input) -> int:
        vocabulary = self.contract.vocabularies.get(wanted.name)
        return 0 if vocabulary is None else vocabulary.special.pad


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
