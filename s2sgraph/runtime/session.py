"""A session: an exported file, ready to run on text, ids or arrays."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from s2sgraph.runtime.checks import Arrays, checked, lengths_of
from s2sgraph.runtime.contract import Contract
from s2sgraph.runtime.deadlines import Deadline
from s2sgraph.runtime.errors import ModelError, runtime_errors
from s2sgraph.runtime.items import (
    Item,
    Row,
    as_batch,
    as_row,
    lengths_of_lines,
    own_words,
    size,
)
from s2sgraph.runtime.loading import load
from s2sgraph.runtime.results import Result, results
from s2sgraph.runtime.scoring import Score, pairs, scores


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

    def run(
        self,
        items: Sequence[Item],
        *,
        batch_size: int = 32,
        timeout: float | None = None,
        **settings: Any,
    ) -> list[Result]:
        """One result for each item, in order; what an item gets depends on nothing but itself.

        An item is a line of text, a list of ids, float32[time, feature] frames, or a mapping with
        one of these for each source (and `steps`, and step features, where the model has them).
        `settings` are the file's inputs without a batch axis, such as `max_length` or `beams`;
        others, such as `steps` or `prefix`, may be given here once for all items. Items of like
        length run together, at most `batch_size` at a time. Raises ModelError, and DeadlineError
        if it takes more than `timeout` seconds in all.
        """
        self._expect("decode")
        if isinstance(items, str | bytes):
            raise ModelError("one text; expected a list of items: run([text])")
        contract, found = self.contract, dict[int, Result]()
        for numbers, rows, arrays, outputs in self._batches(items, batch_size, timeout, settings):
            own = lengths_of_lines(contract, rows)
            for source in contract.sources:
                if source.dtype != "string":
                    own[str(source.axes[1])] = list(lengths_of(arrays, source.name))
            copies = any(source.own for source in contract.sources)
            words = [own_words(contract, items[n]) for n in numbers] if copies else None
            found.update(zip(numbers, results(contract, outputs, own, words), strict=True))
        return [found[number] for number in range(len(found))]

    def score(
        self,
        sources: Sequence[Item],
        targets: Sequence[str | Sequence[int]],
        *,
        batch_size: int = 32,
        timeout: float | None = None,
    ) -> list[Score]:
        """How likely each target is for its source, by a file of the graph `score`.

        A source is as in `run`. A target is a line of text, or a list of ids with the end symbol.
        Raises ModelError, and DeadlineError as `run` does.
        """
        self._expect("score")
        if "token_scores" not in {output.name for output in self.contract.outputs}:
            raise ModelError(f"{self.path} gives frames, which have no probability; use call()")
        items, found = pairs(self.contract, sources, targets), dict[int, Score]()
        for numbers, rows, arrays, outputs in self._batches(items, batch_size, timeout, {}):
            lengths = [len(row["target"]) for row in rows]
            found.update(zip(numbers, scores(arrays, outputs, lengths), strict=True))
        return [found[number] for number in range(len(found))]

    def _batches(
        self,
        items: Sequence[Item],
        batch_size: int,
        timeout: float | None,
        settings: Mapping[str, Any],
    ) -> Iterator[tuple[Sequence[int], list[Row], Arrays, Arrays]]:
        """Numbers of some items, their rows, the inputs and the outputs they have together."""
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; expected a number from 1")
        deadline = None if timeout is None else Deadline(timeout)
        shared = {name: value for name, value in settings.items() if self._is_of_rows(name)}
        settings = {name: value for name, value in settings.items() if name not in shared}
        rows = [as_row(self.contract, item, n, shared) for n, item in enumerate(items)]
        if not rows:
            checked(self.contract, {**settings, **as_batch(self.contract, rows)})
        shortest_first = sorted(range(len(rows)), key=lambda number: size(rows[number]))
        for start in range(0, len(rows), batch_size):
            numbers = shortest_first[start : start + batch_size]
            some = [rows[number] for number in numbers]
            arrays = checked(self.contract, {**settings, **as_batch(self.contract, some)})
            yield numbers, some, arrays, self._call(arrays, deadline)

    def _is_of_rows(self, name: str) -> bool:
        """Whether each row may have a value of its own of an input, besides the sources."""
        wanted = self.contract.input(name)
        return wanted is not None and not wanted.is_setting and wanted not in self.contract.sources

    def decode(self, source: Any = None, source_length: Any = None, **inputs: Any) -> Arrays:
        """The outputs of a decode file for one batch of arrays, by name.

        `source` is int64[batch, source] or float32[batch, source, feature], `source_length`
        int64[batch] (None: the full width); several sources are given by their names. Raises
        ModelError.
        """
        self._expect("decode")
        named = {"source": source, "source_length": source_length}
        return self.call(**{n: v for n, v in named.items() if v is not None}, **inputs)

    def call(self, *, timeout: float | None = None, **inputs: Any) -> Arrays:
        """The outputs, by name, of any file (decode, score, encode, step) for its inputs by name.

        Inputs that are not given take the file's defaults. Raises ModelError, and DeadlineError
        if the run takes more than `timeout` seconds.
        """
        deadline = None if timeout is None else Deadline(timeout)
        return self._call(checked(self.contract, inputs), deadline)

    def _expect(self, graph: str) -> None:
        if self.contract.graph != graph:
            raise ModelError(
                f"{self.path} holds the graph {self.contract.graph!r}, not {graph!r}; use call()"
            )

    def _call(self, arrays: Arrays, deadline: Deadline | None = None) -> Arrays:
        names = [output.name for output in self.contract.outputs]
        with runtime_errors(f"{self.path}: the run failed"):
            if deadline is None:
                found = self._session.run(names, arrays)
            else:
                with deadline.options() as options:
                    found = self._session.run(names, arrays, options)
        return dict(zip(names, found, strict=True))
